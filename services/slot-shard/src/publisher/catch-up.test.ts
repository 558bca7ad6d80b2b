import type { Store } from '@parkade/store';
import { openEmbeddedStore, StoreError } from '@parkade/store';
import { SlotRecord, TransitionKind } from '@parkade/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catchUp } from './catch-up.js';
import { replayHistory } from './history.js';
import type { Committed } from './shard-queue.js';
import { parked, PublisherBench, retrieved, slotKey } from './testing/publisher-bench.js';

const SHARD = 7;

async function write(store: Store, slots: readonly string[], make = parked): Promise<number> {
  const result = await store.txn({
    compare: [],
    success: slots.map((slot) => ({
      kind: 'put',
      key: slotKey(SHARD, slot),
      value: SlotRecord.encode(make(slot, 0)).finish(),
    })),
  });
  return result.revision;
}

async function setUp(config = {}, seed = 1) {
  const bench = await new PublisherBench(config, seed).start();
  const store = await openEmbeddedStore({ clock: bench.clock });
  const gaps: number[] = [];
  const trouble: unknown[] = [];
  const deps = {
    publisher: bench.publisher,
    store,
    clock: bench.clock,
    onGap: (_: number, revision: number) => void gaps.push(revision),
    onTrouble: (_: number, cause: unknown) => void trouble.push(cause),
  };
  return { bench, store, gaps, trouble, deps };
}

/** Writes a record and tells the publisher, as an owner does. */
async function commit(bench: PublisherBench, store: Store, slot: string, make = parked): Promise<number> {
  const revision = await write(store, [slot], make);
  bench.commit(SHARD, slot, revision, make(slot, revision));
  return revision;
}

describe('history', () => {
  const request = { shard: SHARD, fromRevision: 1, maxRecords: 100, timeoutMs: 1_000 };

  it('is told in order, from the revision wanted, with all records that were overwritten since', async () => {
    const { store, deps } = await setUp();
    await write(store, ['701']);
    await write(store, ['701', '702'], retrieved);
    await write(store, ['701']);
    await store.txn({ compare: [], success: [{ kind: 'put', key: '/elsewhere', value: Buffer.from('x') }] });
    const told: Committed[] = [];
    const result = await replayHistory(deps, { ...request, fromRevision: 3 }, (record) => told.push(record));
    // The store's first write has revision 2.
    expect(result).toEqual({ kind: 'ok', through: 5 });
    expect(told.map(({ revision, record }) => [revision, record.name?.slot, record.last?.kind])).toEqual([
      [3, '701', TransitionKind.RETRIEVED],
      [3, '702', TransitionKind.RETRIEVED],
      [4, '701', TransitionKind.PARKED],
    ]);
    expect(await replayHistory(deps, { ...request, fromRevision: 5 }, () => undefined)).toEqual({
      kind: 'ok',
      through: 5,
    });
  });

  it('stops at its bound, but never within a revision', async () => {
    const { store, deps } = await setUp();
    await write(store, ['701', '702', '703']);
    await write(store, ['701']);
    const told: Committed[] = [];
    const result = await replayHistory(deps, { ...request, maxRecords: 2 }, (record) => told.push(record));
    expect([result, told.length]).toEqual([{ kind: 'partial', through: 2 }, 3]);
  });

  it('says where it begins when what is wanted was compacted', async () => {
    const { store, deps } = await setUp();
    for (let i = 0; i < 3; i++) await write(store, ['701']);
    await store.compact(3);
    expect(await replayHistory(deps, request, () => undefined)).toEqual({ kind: 'gap', compactRevision: 3 });
  });

  it('ends after its time, and with a record that cannot be decoded told apart', async () => {
    const { bench, store, deps } = await setUp();
    await store.txn({ compare: [], success: [{ kind: 'put', key: slotKey(SHARD, 'x'), value: Uint8Array.of(0xff) }] });
    const bad: string[] = [];
    await replayHistory(
      deps,
      request,
      () => undefined,
      (key) => bad.push(key),
    );
    expect(bad).toEqual([slotKey(SHARD, 'x')]);
    const silent = Object.assign(Object.create(store) as Store, {
      range: store.range.bind(store),
      watch: () => ({ close: () => undefined }),
    });
    const result = replayHistory({ ...deps, store: silent }, request, () => undefined);
    await bench.clock.advance(1_000);
    expect(await result).toEqual({ kind: 'partial', through: 0 });
  });
});

describe('a shard that lags', () => {
  it('drops the longest queue past the bound, and catches up from history: nothing missing, in order, once (B1, B3)', async () => {
    const { bench, store, deps } = await setUp({ maxPending: 50, maxHeld: 10 });
    bench.broker.setReachable(false);
    let newest = 0;
    for (let i = 0; i < 200; i++) {
      newest = await commit(bench, store, String(i % 7));
      expect(bench.publisher.pending).toBeLessThanOrEqual(50);
    }
    await bench.clock.advance(0);
    expect(bench.lagging).toEqual([SHARD]);
    expect(bench.publisher.publishedRevision(SHARD)).toBe(1);

    bench.broker.setReachable(true);
    const caughtUp = catchUp(deps, SHARD, new AbortController().signal);
    await bench.clock.advance(0);
    for (let i = 0; i < 20; i++) newest = await commit(bench, store, String(i % 7), retrieved);
    await bench.clock.advance(20_000);
    expect(await caughtUp).toBe(true);
    await bench.clock.advance(1_000);
    expect(bench.publisher.publishedRevision(SHARD)).toBe('all');
    expect(bench.events.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: newest - 1 }, (_, i) => i + 2),
    );
    for (let slot = 0; slot < 7; slot++) {
      const revisions = bench.revisions(String(slot));
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      const shown = await bench.lamp(`parkade.v1.presence.acme.default.${slot}`);
      expect(shown?.state).toBe('terminated');
    }
  });

  it('loses nothing, keeps order and an honest mark whatever fails and however little room there is (B1, B4, Q1, Q3)', async () => {
    const step = fc.record({ slot: fc.constantFrom('701', '702', '703'), pauseMs: fc.constantFrom(0, 0, 0, 20, 300) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60 }),
        fc.integer(),
        fc.constantFrom(0, 0.5, 0.9),
        async (steps, seed, failureRate) => {
          const { bench, store, deps } = await setUp({ maxPending: 6, maxHeld: 2, maxInFlight: 2 }, seed);
          bench.bus.failureRate = failureRate;
          bench.bus.maxDelayMs = 30;
          let newest = 1;
          const checkMark = (): void => {
            const mark = bench.publisher.publishedRevision(SHARD);
            const stored = new Set(bench.events.map(({ revision }) => revision));
            for (let r = 2; r <= (mark === 'all' ? newest : mark); r++) expect(stored.has(r)).toBe(true);
          };
          let catchingUp: Promise<unknown> = Promise.resolve();
          for (const { slot, pauseMs } of steps) {
            newest = await commit(bench, store, slot);
            await bench.clock.advance(pauseMs);
            if (bench.lagging.splice(0).length > 0) catchingUp = catchUp(deps, SHARD, new AbortController().signal);
            checkMark();
          }
          bench.bus.failureRate = 0;
          await bench.clock.advance(20_000);
          await catchingUp;
          await bench.clock.advance(20_000);
          expect(bench.publisher.publishedRevision(SHARD)).toBe('all');
          checkMark();
          expect(bench.events).toHaveLength(steps.length);
          for (const slot of ['701', '702', '703']) {
            const revisions = bench.revisions(slot);
            expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
            if (revisions.length === 0) continue;
            const shown = await bench.lamp(`parkade.v1.presence.acme.default.${slot}`);
            expect(shown?.version).toBe(revisions.at(-1));
          }
          bench.publisher.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is every shard that was just taken over, until what its last owner did not publish is replayed (Q1, Q3)', async () => {
    const { bench, store, deps } = await setUp();
    const published = await write(store, ['701']);
    await write(store, ['701'], retrieved);
    const loaded = await write(store, ['702']);
    bench.publisher.adopt(SHARD, published, loaded);
    expect([bench.publisher.replayFrom(SHARD), bench.publisher.publishedRevision(SHARD)]).toEqual([3, 2]);
    await commit(bench, store, '702', retrieved);
    await bench.clock.advance(0);
    expect(bench.events).toEqual([]);

    const caughtUp = catchUp(deps, SHARD, new AbortController().signal);
    await bench.clock.advance(1_000);
    expect(await caughtUp).toBe(true);
    expect(bench.events.map(({ slot, revision }) => [slot, revision])).toEqual([
      ['701', 3],
      ['702', 4],
      ['702', 5],
    ]);
    bench.publisher.adopt(SHARD, 5, 5);
    expect([bench.publisher.laggingShards(), bench.publisher.publishedRevision(SHARD)]).toEqual([[], 'all']);
  });

  it('goes on after a gap, and says which events are lost', async () => {
    const { bench, store, gaps, deps } = await setUp();
    for (let i = 0; i < 5; i++) await write(store, ['701']);
    await store.compact(4);
    bench.publisher.adopt(SHARD, 1, 6);
    const caughtUp = catchUp(deps, SHARD, new AbortController().signal);
    await bench.clock.advance(5_000);
    expect([await caughtUp, gaps]).toEqual([true, [4]]);
    // What stands at the compaction's own revision may be told or not.
    expect(bench.revisions('701').slice(-2)).toEqual([5, 6]);
    expect(bench.publisher.publishedRevision(SHARD)).toBe('all');
  });

  it('tries again while the store does not answer, and stops when the shard is lost', async () => {
    const { bench, store, trouble, deps } = await setUp();
    await write(store, ['701']);
    bench.publisher.adopt(SHARD, 1, 2);
    const away = Object.assign(Object.create(store) as Store, {
      range: () => Promise.reject(new StoreError('unavailable', 'away')),
    });
    const lost = new AbortController();
    const caughtUp = catchUp({ ...deps, store: away }, SHARD, lost.signal);
    await bench.clock.advance(1_000);
    expect(trouble.length).toBeGreaterThan(5);
    lost.abort();
    expect(await caughtUp).toBe(false);
    expect(bench.publisher.replayFrom(SHARD)).toBe(2);
  });

  it('keeps lamps that are being published anew', async () => {
    const { bench, store } = await setUp({ maxPending: 5, maxInFlight: 1 });
    bench.broker.setReachable(false);
    const record = parked('901', 1);
    const done = bench.publisher.republishLamps([
      { shard: SHARD, slotKey: slotKey(SHARD, '901'), record, revision: 1 },
    ]);
    await bench.clock.advance(0);
    for (let i = 0; i < 10; i++) await commit(bench, store, '701');
    expect(bench.publisher.laggingShards()).toEqual([SHARD]);
    bench.broker.setReachable(true);
    await bench.clock.advance(5_000);
    await done;
    expect(await bench.lamp('parkade.v1.presence.acme.default.901')).toMatchObject({ state: 'early' });
  });
});
