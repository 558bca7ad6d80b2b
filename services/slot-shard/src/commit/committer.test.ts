import { ManualClock, SeededRandom, SystemClock } from '@parkade/clock';
import { SlotRecord } from '@parkade/proto';
import { MAX_TXN_BYTES, MAX_TXN_OPS, openEmbeddedStore, type Store, type Txn } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SlotEntry, SlotTable } from '../shard/slot-table.js';
import { Committer } from './committer.js';
import { RevisionFloor } from './revision-floor.js';
import type { Write, WriteSource } from './write.js';

const clock = new SystemClock();
let store: Store;
let sent: Txn[];
let committer: Committer;
beforeEach(async () => {
  store = await openEmbeddedStore({ clock });
  sent = [];
  const txn: Store['txn'] = (txn, options) => {
    sent.push(txn);
    return store.txn(txn, options);
  };
  const limits = { transactionTimeoutMs: 2_000, maxTransactions: 4 };
  committer = new Committer(
    new Proxy(store, { get: (_, name) => (name === 'txn' ? txn : undefined) }),
    clock,
    new RevisionFloor(),
    limits,
  );
});
afterEach(() => store.close());

class Source implements WriteSource {
  readonly epoch = 0;
  committedWrites = 0;
  readonly failed: unknown[] = [];
  #keys = 0;

  constructor(readonly ownerKey: string) {}

  nextJournalKey(): string {
    return `${this.ownerKey}/journal/${++this.#keys}`;
  }

  committed(writes: readonly Write[]): void {
    this.committedWrites += writes.length;
  }

  unapplied(): void {
    this.failed.push('unapplied');
  }

  fenced(): void {
    this.failed.push('fenced');
  }

  unknown(_: readonly Write[], error: unknown): void {
    this.failed.push(error);
  }
}

function write(source: Source, slot: string, bytes: number): Write {
  const name = { tenantId: 'acme', lotId: 'default', slot };
  const key = `${source.ownerKey}/slots/${slot}`;
  const entry: SlotEntry = { ...new SlotTable(0, new SeededRandom(1)).entry('acme', 'default', slot), key };
  const record = { ...SlotRecord.create(), name, litPresenceId: 'x'.repeat(bytes) };
  const journal = { requestId: slot, stop: '', fingerprint: 1, answer: Buffer.alloc(bytes / 10) };
  return { source, changes: [{ entry, record }], pending: undefined, answer: undefined, journal };
}

describe('a transaction', () => {
  it('is never larger than the store takes, however large the records are (C5)', async () => {
    const sources = [new Source('/a'), new Source('/b'), new Source('/c')];
    for (let i = 0; i < 60; i++) for (const source of sources) committer.enqueue(write(source, `s${i}`, 100_000));
    await expect.poll(() => sources.map(({ committedWrites }) => committedWrites)).toEqual([60, 60, 60]);
    expect(sources.flatMap(({ failed }) => failed)).toEqual([]);
    for (const { success } of sent) {
      expect(success.length).toBeLessThanOrEqual(MAX_TXN_OPS);
      const bytes = success.reduce((sum, op) => sum + (op.kind === 'put' ? op.key.length + op.value.length : 0), 0);
      expect(bytes).toBeLessThanOrEqual(MAX_TXN_BYTES);
    }
    expect(sent.length).toBeLessThan(60);
  });

  it('holds up to 128 operations of small records, several shards together', async () => {
    const sources = [new Source('/a'), new Source('/b')];
    for (let i = 0; i < 200; i++) for (const source of sources) committer.enqueue(write(source, `s${i}`, 100));
    await expect.poll(() => sources.map(({ committedWrites }) => committedWrites)).toEqual([200, 200]);
    expect(Math.max(...sent.map(({ success }) => success.length))).toBeGreaterThan(100);
  });

  it('that is not answered holds up few writes for moments only (C6)', async () => {
    const stuck = new ManualClock();
    const asked: Txn[] = [];
    const never: Store['txn'] = (txn) => {
      asked.push(txn);
      return new Promise(() => undefined);
    };
    const slow = new Committer(
      new Proxy(store, { get: (_, name) => (name === 'txn' ? never : undefined) }),
      stuck,
      new RevisionFloor(),
      { transactionTimeoutMs: 2_000, maxTransactions: 4 },
    );
    const source = new Source('/a');
    slow.enqueue(write(source, 'first', 10));
    await stuck.advance(0);
    slow.enqueue(write(source, 'second', 10));
    slow.enqueue(write(source, 'third', 10));
    await stuck.advance(1);
    expect(asked).toHaveLength(1);
    await stuck.advance(20);
    expect(asked.map(({ success }) => success.length)).toEqual([2, 3]);
  });
});
