import { describe, expect, it } from 'vitest';
import { StoreError } from '../store.js';
import {
  deleteOp,
  put,
  putOp,
  Recorder,
  remove,
  revisionOf,
  revisionOfEvent,
  useSubject,
  type OpenSubject,
} from './subject.testing.js';

export function watchContract(open: OpenSubject): void {
  describe('watches', () => {
    const { store, prefix } = useSubject(open);

    it('delivers the changes of a range in order, a revision always whole (S4)', async () => {
      const p = prefix();
      const from = (await revisionOf(store())) + 1;
      const watch = new Recorder(store(), p, from);
      await put(store(), `${p}a`, '1');
      await store().txn({ compare: [], success: [putOp(`${p}b`, '2'), deleteOp(`${p}a`), putOp(`${p}c`, '2')] });
      await remove(store(), `${p}c`);
      await watch.until((w) => w.events.length === 5);
      expect(watch.lines).toEqual([
        `put ${p}a=1@${from}`,
        `put ${p}b=2@${from + 1}`,
        `delete ${p}a@${from + 1}`,
        `put ${p}c=2@${from + 1}`,
        `delete ${p}c@${from + 2}`,
      ]);
      for (const batch of watch.batches) {
        const last = batch.at(-1);
        expect(last === undefined ? undefined : revisionOfEvent(last)).toBe(
          watch.revisions[watch.batches.indexOf(batch)],
        );
      }
      const firsts = watch.batches.map((batch) => batch[0]).map((event) => (event ? revisionOfEvent(event) : 0));
      expect(new Set(firsts).size).toBe(firsts.length);
      expect(watch.ups).toEqual([true]);
      watch.close();
    });

    it('delivers from a past revision what happened since, then what happens', async () => {
      const p = prefix();
      await put(store(), `${p}a`, '1');
      const from = (await put(store(), `${p}a`, '2')).revision;
      await put(store(), `${p}a`, '3');
      const watch = new Recorder(store(), p, from);
      await watch.until((w) => w.events.length === 2);
      await put(store(), `${p}a`, '4');
      await watch.until((w) => w.events.length === 3);
      expect(watch.lines).toEqual(['2', '3', '4'].map((value, i) => `put ${p}a=${value}@${from + i}`));
      watch.close();
    });

    it('delivers nothing before a future start revision', async () => {
      const p = prefix();
      const now = await revisionOf(store());
      const watch = new Recorder(store(), p, now + 3);
      for (let i = 1; i <= 4; i++) await put(store(), `${p}a`, String(i));
      await watch.until((w) => w.events.length === 2);
      expect(watch.lines).toEqual([`put ${p}a=3@${now + 3}`, `put ${p}a=4@${now + 4}`]);
      watch.close();
    });

    it('watches one key, not its neighbours', async () => {
      const p = prefix();
      const from = (await revisionOf(store())) + 1;
      const watch = new Recorder(store(), { start: `${p}b` }, from);
      await store().txn({ compare: [], success: ['a', 'b', 'b\0', 'ba', 'c'].map((key) => putOp(`${p}${key}`)) });
      await remove(store(), `${p}b`);
      await watch.until((w) => w.events.length === 2);
      expect(watch.lines).toEqual([`put ${p}b=v@${from}`, `delete ${p}b@${from + 1}`]);
      watch.close();
    });

    it('serves 256 watches at once, each its own range and start', async () => {
      const p = prefix();
      const starts: number[] = [];
      for (let i = 0; i < 256; i++) starts.push((await put(store(), `${p}${i}/k`, 'early')).revision);
      const watches = starts.map((start, i) => new Recorder(store(), `${p}${i}/`, i % 2 === 0 ? start : start + 1));
      const all = new Recorder(store(), p, starts[0] ?? 1);
      await Promise.all(starts.map((_, i) => put(store(), `${p}${i}/k`, 'late')));
      await Promise.all(watches.map((watch, i) => watch.until((w) => w.events.length === (i % 2 === 0 ? 2 : 1))));
      await all.until((w) => w.events.length === 512);
      const revisions = all.events.map(revisionOfEvent);
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      for (const watch of [...watches, all]) watch.close();
    });

    it('loses and doubles nothing under many concurrent writers (S4)', async () => {
      const p = prefix();
      const from = (await revisionOf(store())) + 1;
      const early = new Recorder(store(), p, from);
      const results = await Promise.all(
        Array.from({ length: 500 }, (_, i) => put(store(), `${p}${i % 20}`, String(i))),
      );
      const late = new Recorder(store(), p, from);
      await Promise.all([early, late].map((watch) => watch.until((w) => w.events.length === 500)));
      const expected = results.map((result) => result.revision).sort((a, b) => a - b);
      expect(early.events.map(revisionOfEvent)).toEqual(expected);
      expect(late.lines).toEqual(early.lines);
      early.close();
      late.close();
    });

    it('says that the start was compacted, and ends (S4)', async () => {
      const p = prefix();
      const from = (await put(store(), `${p}a`, '1')).revision;
      const second = (await remove(store(), `${p}a`)).revision;
      await put(store(), `${p}a`, '3');
      await store().compact(second);
      const behind = new Recorder(store(), p, from);
      const atEdge = new Recorder(store(), p, second);
      const after = new Recorder(store(), p, second + 1);
      await Promise.all([behind, atEdge].map((watch) => watch.until((w) => w.compactedAt !== undefined)));
      expect([behind.compactedAt, atEdge.compactedAt]).toEqual([second, second]);
      await put(store(), `${p}a`, '4');
      await after.until((w) => w.events.length === 2);
      expect(after.lines).toEqual([`put ${p}a=3@${second + 1}`, `put ${p}a=4@${second + 2}`]);
      expect([...behind.events, ...atEdge.events]).toEqual([]);
      after.close();
    });

    it('goes on after a compaction of what it has delivered', async () => {
      const p = prefix();
      const { revision } = await put(store(), `${p}a`, '1');
      const watch = new Recorder(store(), p, revision);
      await watch.until((w) => w.events.length === 1);
      await put(store(), `${prefix()}elsewhere`);
      await store().compact(await revisionOf(store()));
      await put(store(), `${p}a`, '2');
      await watch.until((w) => w.events.length === 2);
      expect(watch.compactedAt).toBeUndefined();
      watch.close();
    });

    it('is silent once closed', async () => {
      const p = prefix();
      const from = (await revisionOf(store())) + 1;
      const closed = new Recorder(store(), p, from);
      const witness = new Recorder(store(), p, from);
      const written = put(store(), `${p}a`);
      closed.close();
      closed.close();
      await written;
      await witness.until((w) => w.events.length === 1);
      expect(closed.events).toEqual([]);
      witness.close();
    });

    it('may be closed by its own handler', async () => {
      const p = prefix();
      const from = (await revisionOf(store())) + 1;
      const witness = new Recorder(store(), p, from);
      let calls = 0;
      const watch = store().watch({ start: `${p}a` }, from, {
        events: () => {
          calls++;
          watch.close();
        },
        compacted: () => undefined,
      });
      await put(store(), `${p}a`);
      await witness.until((w) => w.events.length === 1);
      await put(store(), `${p}a`);
      await witness.until((w) => w.events.length === 2);
      expect(calls).toBeLessThanOrEqual(1);
      witness.close();
    });

    it('refuses a start before the first revision', () => {
      const handlers = { events: () => undefined, compacted: () => undefined };
      expect(() => store().watch({ start: 'a' }, 0, handlers)).toThrow(StoreError);
    });
  });
}
