import { describe, expect, it } from 'vitest';
import { MAX_KEY_BYTES, MAX_TXN_BYTES, MAX_TXN_OPS, prefixRange, type Compare, type Op } from '../store.js';
import {
  bytes,
  deleteOp,
  put,
  putOp,
  remove,
  revisionOf,
  storeErrorOf,
  text,
  useSubject,
  type OpenSubject,
} from './subject.testing.js';

export function transactionContract(open: OpenSubject): void {
  describe('transactions', () => {
    const { store, prefix } = useSubject(open);

    it('raises the revision by one for all keys of a transaction together (S1)', async () => {
      const p = prefix();
      const before = await revisionOf(store());
      const result = await store().txn({ compare: [], success: [putOp(`${p}a`), putOp(`${p}b`), putOp(`${p}c`)] });
      expect(result).toMatchObject({ succeeded: true, revision: before + 1 });
      expect(result.results).toEqual([[], [], []]);
      const { kvs, revision } = await store().range(prefixRange(p));
      expect(kvs.map((kv) => [kv.key, kv.modRevision])).toEqual(
        ['a', 'b', 'c'].map((key) => [`${p}${key}`, before + 1]),
      );
      expect(revision).toBe(before + 1);
    });

    it('leaves the revision alone where nothing is written (S1)', async () => {
      const p = prefix();
      const before = await revisionOf(store());
      expect((await remove(store(), `${p}nothing`)).revision).toBe(before);
      expect((await store().txn({ compare: [], success: [] })).revision).toBe(before);
      expect(await revisionOf(store())).toBe(before);
    });

    it('counts versions and keeps the creation revision until the key is deleted', async () => {
      const key = `${prefix()}k`;
      const first = (await put(store(), key, '1')).revision;
      const second = (await put(store(), key, '2')).revision;
      expect(await store().get(key)).toMatchObject({ createRevision: first, modRevision: second, version: 2 });
      await remove(store(), key);
      expect(await store().get(key)).toBeUndefined();
      const third = (await put(store(), key, '3')).revision;
      expect(await store().get(key)).toMatchObject({ createRevision: third, modRevision: third, version: 1 });
    });

    it('runs the success branch when every compare holds, else the failure branch', async () => {
      const p = prefix();
      const revision = (await put(store(), `${p}there`)).revision;
      const cases: readonly [boolean, readonly Compare[]][] = [
        [true, []],
        [true, [{ kind: 'mod', key: `${p}there`, revision }]],
        [false, [{ kind: 'mod', key: `${p}there`, revision: revision - 1 }]],
        [false, [{ kind: 'mod', key: `${p}there`, revision: 0 }]],
        [true, [{ kind: 'mod', key: `${p}gone`, revision: 0 }]],
        [true, [{ kind: 'exists', key: `${p}there` }]],
        [false, [{ kind: 'exists', key: `${p}gone` }]],
        [true, [{ kind: 'absent', key: `${p}gone` }]],
        [false, [{ kind: 'absent', key: `${p}there` }]],
        [
          false,
          [
            { kind: 'exists', key: `${p}there` },
            { kind: 'exists', key: `${p}gone` },
          ],
        ],
      ];
      for (const [holds, compare] of cases) {
        const result = await store().txn({
          compare,
          success: [putOp(`${p}result`, 'success')],
          failure: [putOp(`${p}result`, 'failure'), { kind: 'get', range: { start: `${p}there` } }],
        });
        expect(result.succeeded).toBe(holds);
        expect(text((await store().get(`${p}result`))?.value)).toBe(holds ? 'success' : 'failure');
        expect(result.results.map((kvs) => kvs.length)).toEqual(holds ? [0] : [0, 1]);
      }
    });

    it('does nothing where a compare fails and there is no failure branch', async () => {
      const p = prefix();
      const result = await store().txn({
        compare: [{ kind: 'exists', key: `${p}gone` }],
        success: [putOp(`${p}a`)],
      });
      expect(result).toMatchObject({ succeeded: false, results: [] });
      expect(await store().get(`${p}a`)).toBeUndefined();
    });

    it('compares without operations (S2)', async () => {
      const key = `${prefix()}k`;
      const { revision } = await put(store(), key);
      const held = await store().txn({ compare: [{ kind: 'mod', key, revision }], success: [] });
      expect(held).toEqual({ succeeded: true, revision: await revisionOf(store()), results: [] });
      await put(store(), key);
      const failed = await store().txn({ compare: [{ kind: 'mod', key, revision }], success: [], failure: [] });
      expect(failed).toEqual({ succeeded: false, revision: await revisionOf(store()), results: [] });
    });

    it('shows a get inside the transaction what was written before it there', async () => {
      const p = prefix();
      await put(store(), `${p}b`, 'old');
      const result = await store().txn({
        compare: [],
        success: [
          putOp(`${p}a`, 'new'),
          { kind: 'get', range: prefixRange(p) },
          deleteOp(`${p}b`),
          { kind: 'get', range: prefixRange(p), keysOnly: true },
        ],
      });
      expect(result.results.map((kvs) => kvs.map((kv) => `${kv.key}=${text(kv.value) ?? ''}`))).toEqual([
        [],
        [`${p}a=new`, `${p}b=old`],
        [],
        [`${p}a=`],
      ]);
      expect(result.results[1]?.[0]?.modRevision).toBe(result.revision);
    });

    it('deletes a range, and nothing beside it', async () => {
      const p = prefix();
      await store().txn({ compare: [], success: ['a', 'b', 'c', 'd'].map((key) => putOp(`${p}${key}`)) });
      await store().txn({ compare: [], success: [deleteOp(`${p}b`, `${p}d`)] });
      const { kvs } = await store().range(prefixRange(p));
      expect(kvs.map((kv) => kv.key)).toEqual([`${p}a`, `${p}d`]);
    });

    it('refuses what is malformed, with a known outcome (S6)', async () => {
      const p = prefix();
      const many = Array.from({ length: MAX_TXN_OPS + 1 }, (_, i): string => `${p}${i}`);
      const branches: readonly (readonly Op[])[] = [
        [putOp(`${p}a`, '1'), putOp(`${p}a`, '2')],
        [putOp(`${p}a`), deleteOp(`${p}a`)],
        [deleteOp(p, `${p}z`), putOp(`${p}a`)],
        [putOp('')],
        [putOp('k'.repeat(MAX_KEY_BYTES + 1))],
        [putOp(`${p}a`, 'v'.repeat(MAX_TXN_BYTES))],
        many.map((key) => putOp(key)),
      ];
      for (const branch of branches) {
        for (const txn of [
          { compare: [], success: branch },
          { compare: [], success: [], failure: branch },
        ]) {
          expect(await storeErrorOf(store().txn(txn))).toMatchObject({ code: 'invalid', unknownOutcome: false });
        }
      }
      const compare = many.map((key): Compare => ({ kind: 'absent', key }));
      expect(await storeErrorOf(store().txn({ compare, success: [] }))).toMatchObject({ code: 'invalid' });
      expect((await store().range(prefixRange(p))).kvs).toEqual([]);
    });

    it('takes the largest transaction', async () => {
      const p = prefix();
      const keys = Array.from({ length: MAX_TXN_OPS }, (_, i) => `${p}${i}`);
      const result = await store().txn({
        compare: keys.map((key): Compare => ({ kind: 'absent', key })),
        success: keys.map((key) => putOp(key)),
        failure: keys.map((key) => deleteOp(key)),
      });
      expect(result.succeeded).toBe(true);
      expect((await store().range(prefixRange(p))).kvs).toHaveLength(MAX_TXN_OPS);
    });

    it('lets exactly one of 64 racing claims of a key win (S2)', async () => {
      const key = `${prefix()}claim`;
      const results = await Promise.all(
        Array.from({ length: 64 }, (_, i) =>
          store().txn({
            compare: [{ kind: 'absent', key }],
            success: [putOp(key, String(i))],
            failure: [{ kind: 'get', range: { start: key } }],
          }),
        ),
      );
      const winners = results.flatMap((result, i) => (result.succeeded ? [String(i)] : []));
      expect(winners).toHaveLength(1);
      expect(text((await store().get(key))?.value)).toBe(winners[0]);
      for (const result of results) {
        if (!result.succeeded) expect(text(result.results[0]?.[0]?.value)).toBe(winners[0]);
      }
    });

    it('keeps its own copy of a value', async () => {
      const key = `${prefix()}k`;
      const value = bytes('before');
      await store().txn({ compare: [], success: [{ kind: 'put', key, value }] });
      value.fill(0);
      expect(text((await store().get(key))?.value)).toBe('before');
    });
  });
}
