import { ManualClock } from '@parkade/clock';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeEvent, Recorder, text } from '../contract.testing.js';
import { StoreError, type Compare, type KeyRange, type KeyValue, type Op, type Txn } from '../store.js';
import { openEmbeddedStore } from './open-embedded-store.js';

/** The store's promises in the plainest form: a copy of all keys for each revision. */
class NaiveStore {
  /** Index is the revision. */
  readonly states = [new Map<string, KeyValue>(), new Map<string, KeyValue>()];
  readonly events: string[] = [];

  get revision(): number {
    return this.states.length - 1;
  }

  apply(txn: Txn): { succeeded: boolean; revision: number; results: string[][] } {
    const state = new Map(this.states.at(-1));
    const succeeded = txn.compare.every((compare) => holds(state, compare));
    const events: string[] = [];
    const next = this.revision + 1;
    const results = ((succeeded ? txn.success : txn.failure) ?? []).map((op) => {
      switch (op.kind) {
        case 'put': {
          const old = state.get(op.key);
          const kv = {
            key: op.key,
            value: op.value,
            createRevision: old?.createRevision ?? next,
            modRevision: next,
            version: (old?.version ?? 0) + 1,
          };
          state.set(op.key, kv);
          events.push(describeEvent({ kind: 'put', kv }));
          return [];
        }
        case 'delete':
          for (const { key } of select(state, op.range)) {
            state.delete(key);
            events.push(describeEvent({ kind: 'delete', key, modRevision: next }));
          }
          return [];
        case 'get':
          return select(state, op.range).map(line);
      }
    });
    if (events.length > 0) this.states.push(state);
    this.events.push(...events);
    return { succeeded, revision: this.revision, results };
  }
}

function holds(state: ReadonlyMap<string, KeyValue>, compare: Compare): boolean {
  const modRevision = state.get(compare.key)?.modRevision ?? 0;
  if (compare.kind === 'mod') return modRevision === compare.revision;
  return modRevision > 0 === (compare.kind === 'exists');
}

function select(state: ReadonlyMap<string, KeyValue>, range: KeyRange): KeyValue[] {
  const kvs = [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const { start, end } = range;
  return kvs.filter(({ key }) => (end === undefined ? key === start : key >= start && key < end));
}

function line(kv: KeyValue): string {
  return `${kv.key}=${text(kv.value) ?? ''} ${kv.createRevision}/${kv.modRevision}/${kv.version}`;
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const range: fc.Arbitrary<KeyRange> = fc.record({ start: key, end: fc.option(key, { nil: undefined }) });
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key,
    value: fc.nat(99).map((n) => new TextEncoder().encode(String(n))),
  }),
  fc.record({ kind: fc.constant('delete' as const), range }),
  fc.record({ kind: fc.constant('get' as const), range }),
);
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ kind: fc.constant('mod' as const), key, revision: fc.nat(20) }),
  fc.record({ kind: fc.constant('exists' as const), key }),
  fc.record({ kind: fc.constant('absent' as const), key }),
);
const txn: fc.Arbitrary<Txn> = fc.record({
  compare: fc.array(compare, { maxLength: 2 }),
  success: fc.array(op, { maxLength: 4 }),
  failure: fc.array(op, { maxLength: 4 }),
});

it('does what the naive model does: answers, every past state, and the events of a watch (S1, S2, S4)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(txn, { maxLength: 40 }), fc.nat(30), async (txns, compactAt) => {
      const clock = new ManualClock();
      const store = await openEmbeddedStore({ clock });
      const model = new NaiveStore();
      const watch = new Recorder(store, { start: 'a', end: 'z' }, 1);
      for (const one of txns) {
        try {
          const { succeeded, revision, results } = await store.txn(one);
          const seen = { succeeded, revision, results: results.map((kvs) => kvs.map(line)) };
          expect(seen).toEqual(model.apply(one));
        } catch (error: unknown) {
          // Malformed by chance (a key put twice): refused, and without effect.
          if (!(error instanceof StoreError && error.code === 'invalid')) throw error;
        }
      }
      await clock.advance(0);
      expect(watch.lines).toEqual(model.events);
      const compacted = Math.min(compactAt, model.revision);
      await store.compact(compacted);
      for (let revision = Math.max(1, compacted); revision <= model.revision; revision++) {
        const { kvs } = await store.range({ start: 'a', end: 'z' }, { revision });
        expect(kvs.map(line)).toEqual(
          [...select(model.states[revision] ?? new Map(), { start: 'a', end: 'z' })].map(line),
        );
      }
      await store.close();
    }),
    { numRuns: 200 },
  );
});
