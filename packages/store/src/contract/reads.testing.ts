import { describe, expect, it } from 'vitest';
import { prefixRange } from '../store.js';
import { put, putOp, remove, revisionOf, storeErrorOf, text, useSubject, type OpenSubject } from './subject.testing.js';

export function readContract(open: OpenSubject): void {
  describe('reads', () => {
    const { store, prefix } = useSubject(open);

    it('sees every acknowledged write (S3)', async () => {
      const key = `${prefix()}k`;
      for (let i = 0; i < 20; i++) {
        const { revision } = await put(store(), key, String(i));
        const kv = await store().get(key);
        expect([text(kv?.value), kv?.modRevision]).toEqual([String(i), revision]);
      }
    });

    it('orders keys by their UTF-8 bytes', async () => {
      const p = prefix();
      const names = ['a', 'z', 'é', 'ÿ', '€', '\uffee', '\u{1f600}', 'a\0', 'ab', 'B'];
      for (const name of names) await put(store(), `${p}${name}`);
      const expected = names.map((name) => Buffer.from(`${p}${name}`)).sort((a, b) => Buffer.compare(a, b));
      const { kvs } = await store().range(prefixRange(p));
      expect(kvs.map((kv) => kv.key)).toEqual(expected.map((key) => key.toString()));
      const { kvs: above } = await store().range({ start: `${p}€`, end: `${p}\u{1f600}` });
      expect(above.map((kv) => kv.key)).toEqual([`${p}€`, `${p}\uffee`]);
    });

    it('limits a range and tells whether there is more', async () => {
      const p = prefix();
      await store().txn({ compare: [], success: [putOp(`${p}a`), putOp(`${p}b`), putOp(`${p}c`)] });
      const two = await store().range(prefixRange(p), { limit: 2 });
      expect([two.kvs.map((kv) => kv.key), two.more]).toEqual([[`${p}a`, `${p}b`], true]);
      const three = await store().range(prefixRange(p), { limit: 3 });
      expect([three.kvs.length, three.more]).toEqual([3, false]);
      expect(await storeErrorOf(store().range(prefixRange(p), { limit: 0 }))).toMatchObject({ code: 'invalid' });
    });

    it('leaves values empty where only keys are asked for', async () => {
      const p = prefix();
      const { revision } = await put(store(), `${p}a`, 'value');
      const { kvs } = await store().range(prefixRange(p), { keysOnly: true });
      expect(kvs).toHaveLength(1);
      expect(kvs[0]).toMatchObject({ key: `${p}a`, modRevision: revision, version: 1 });
      expect(kvs[0]?.value).toHaveLength(0);
    });

    it('reads the past', async () => {
      const p = prefix();
      const first = (await put(store(), `${p}a`, '1')).revision;
      const second = (await put(store(), `${p}b`, '2')).revision;
      const third = (await put(store(), `${p}a`, '3')).revision;
      const fourth = (await remove(store(), `${p}a`)).revision;
      const fifth = (await put(store(), `${p}a`, '5')).revision;
      const past = async (revision: number): Promise<string> => {
        const result = await store().range(prefixRange(p), { revision });
        expect(result.revision).toBe(revision);
        return result.kvs.map((kv) => `${kv.key.slice(p.length)}=${text(kv.value) ?? ''}`).join(' ');
      };
      expect(await past(first - 1)).toBe('');
      expect(await past(first)).toBe('a=1');
      expect(await past(second)).toBe('a=1 b=2');
      expect(await past(third)).toBe('a=3 b=2');
      expect(await past(fourth)).toBe('b=2');
      expect(await past(fifth)).toBe('a=5 b=2');
      expect(text((await store().get(`${p}a`, { revision: second }))?.value)).toBe('1');
      expect(await store().get(`${p}a`, { revision: fourth })).toBeUndefined();
      expect(await storeErrorOf(store().get(`${p}a`, { revision: fifth + 1_000 }))).toMatchObject({ code: 'invalid' });
    });

    it('refuses malformed ranges', async () => {
      for (const range of [{ start: '' }, { start: 'a', end: '' }, { start: 'a', end: '\0' }]) {
        expect(await storeErrorOf(store().range(range))).toMatchObject({ code: 'invalid', unknownOutcome: false });
      }
      expect(await store().range({ start: 'b', end: 'a' })).toMatchObject({ kvs: [], more: false });
    });

    it('drops history on compaction, and only history', async () => {
      const p = prefix();
      const first = (await put(store(), `${p}a`, '1')).revision;
      const kept = (await put(store(), `${p}kept`, 'k')).revision;
      const second = (await put(store(), `${p}a`, '2')).revision;
      const third = (await put(store(), `${p}a`, '3')).revision;
      await store().compact(second);
      expect(await storeErrorOf(store().get(`${p}a`, { revision: first }))).toMatchObject({ code: 'compacted' });
      expect(await storeErrorOf(store().range(prefixRange(p), { revision: kept }))).toMatchObject({
        code: 'compacted',
      });
      expect(text((await store().get(`${p}a`, { revision: second }))?.value)).toBe('2');
      expect(text((await store().get(`${p}kept`, { revision: second }))?.value)).toBe('k');
      expect(text((await store().get(`${p}a`))?.value)).toBe('3');
      await store().compact(first); // what is gone may be compacted again
      expect(await storeErrorOf(store().compact(third + 1_000))).toMatchObject({ code: 'invalid' });
      expect(await revisionOf(store())).toBe(third);
    });

    it('reads 5,000 keys in order and as of one revision', async () => {
      const p = prefix();
      for (let base = 0; base < 5_000; base += 100) {
        const success = Array.from({ length: 100 }, (_, i) => putOp(`${p}${String(base + i).padStart(5, '0')}`));
        await store().txn({ compare: [], success });
      }
      const revision = await revisionOf(store());
      const [all] = await Promise.all([store().range(prefixRange(p)), put(store(), `${p}99999`)]);
      expect(all.revision - revision).toBeOneOf([0, 1]);
      expect(all.kvs).toHaveLength(5_000 + all.revision - revision);
      expect(all.more).toBe(false);
      const sorted = all.kvs.every((kv, i) => i === 0 || (all.kvs[i - 1]?.key ?? '') < kv.key);
      expect(sorted).toBe(true);
      const limited = await store().range(prefixRange(p), { limit: 3_000, revision });
      expect([limited.kvs.length, limited.more, limited.kvs.at(-1)?.key]).toEqual([3_000, true, `${p}02999`]);
    });

    it('keeps values of a megabyte', async () => {
      const p = prefix();
      for (let i = 0; i < 6; i++) {
        const value = new Uint8Array(1024 * 1024).fill(i + 1);
        await store().txn({ compare: [], success: [{ kind: 'put', key: `${p}${i}`, value }] });
      }
      const { kvs } = await store().range(prefixRange(p));
      expect(kvs.map((kv) => [kv.value.length, kv.value[0], kv.value.at(-1)])).toEqual(
        [1, 2, 3, 4, 5, 6].map((byte) => [1024 * 1024, byte, byte]),
      );
    });
  });
}
