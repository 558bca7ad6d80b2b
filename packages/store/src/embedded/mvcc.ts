import { checkLimit, checkRange, checkTxn } from '../check-call.js';
import { orderKey } from '../order-key.js';
import {
  StoreError,
  type Compare,
  type KeyRange,
  type KeyValue,
  type Op,
  type RangeOptions,
  type RangeResult,
  type Txn,
  type TxnResult,
} from '../store.js';
import { History, type HistoryLimits, type Version } from './history.js';
import { SortedMap } from './sorted-map.js';

/** What the key space tells and asks while it applies a transaction. */
export interface MvccPorts {
  /** Whether a lease can be attached to a key. */
  leaseExists(leaseId: string): boolean;
  /** A revision was applied: its changes, each key once. */
  applied(revision: number, versions: readonly Version[]): void;
}

/**
 * The key space: keys, their versions, and the revision counter. Synchronous and without I/O; every method is one atomic
 * step.
 *
 *   M1. `live` holds each existing key's newest version, `dead` the deletion of each key that history still remembers.
 *   M2. The revision rises by one for each transaction that changed something (S1); a failed one changes nothing.
 *   M3. A read at revision r, `compactedRevision` <= r <= `revision`, gives what a read gave when r was the newest.
 */
export class Mvcc {
  readonly history: History;
  readonly #live = new SortedMap<Version>();
  readonly #dead = new SortedMap<Version>();
  #revision: number;

  /** `restored` are the keys as of `revision`; history before it counts as compacted. */
  constructor(
    private readonly ports: MvccPorts,
    limits: HistoryLimits,
    revision = 1,
    restored: Iterable<KeyValue> = [],
  ) {
    this.#revision = revision;
    this.history = new History(revision, limits, (version) => this.#forget(version));
    for (const kv of restored) {
      const order = orderKey(kv.key);
      this.#live.set(order, { order, key: kv.key, modRevision: kv.modRevision, kv, older: undefined });
    }
  }

  get revision(): number {
    return this.#revision;
  }

  /** How many keys exist. */
  get size(): number {
    return this.#live.size;
  }

  range(range: KeyRange, options: RangeOptions = {}): RangeResult {
    checkRange(range);
    checkLimit(options.limit);
    const at = options.revision ?? this.#revision;
    if (at > this.#revision) throw new StoreError('invalid', `revision ${at} has not happened`);
    if (at < this.history.compactedRevision) throw new StoreError('compacted', `revision ${at} was compacted`);
    const limit = options.limit ?? Infinity;
    const kvs: KeyValue[] = [];
    for (const kv of at === this.#revision ? this.#current(range) : this.#past(range, at)) {
      if (kvs.length >= limit) return { kvs, revision: at, more: true };
      kvs.push(options.keysOnly === true ? withoutValue(kv) : kv);
    }
    return { kvs, revision: at, more: false };
  }

  /** Throws `StoreError` 'invalid' or 'lease-not-found', then nothing has changed. */
  txn(txn: Txn): TxnResult {
    checkTxn(txn);
    const succeeded = txn.compare.every((compare) => this.#holds(compare));
    const ops = (succeeded ? txn.success : txn.failure) ?? [];
    for (const op of ops) {
      if (op.kind === 'put' && op.leaseId !== undefined && !this.ports.leaseExists(op.leaseId)) {
        throw new StoreError('lease-not-found', `lease ${op.leaseId} is gone`);
      }
    }
    const changes: Version[] = [];
    const results = ops.map((op) => this.#run(op, changes));
    this.#commit(changes);
    return { succeeded, revision: this.#revision, results };
  }

  /** Deletes these keys in one revision; those that do not exist are passed over. */
  deleteKeys(keys: Iterable<string>): void {
    const changes: Version[] = [];
    for (const key of keys) this.#delete(this.#live.get(orderKey(key)), changes);
    this.#commit(changes);
  }

  /** Drops history up to `revision`. Throws `StoreError('invalid')` for a revision that has not happened. */
  compact(revision: number): void {
    if (revision > this.#revision) throw new StoreError('invalid', `revision ${revision} has not happened`);
    this.history.compact(revision);
  }

  #run(op: Op, changes: Version[]): readonly KeyValue[] {
    switch (op.kind) {
      case 'put':
        this.#put(op.key, op.value, op.leaseId, changes);
        return [];
      case 'delete':
        for (const version of [...this.#versions(op.range)]) this.#delete(version, changes);
        return [];
      case 'get': {
        const kvs = [...this.#current(op.range)];
        return op.keysOnly === true ? kvs.map(withoutValue) : kvs;
      }
    }
  }

  #put(key: string, value: Uint8Array, leaseId: string | undefined, changes: Version[]): void {
    const order = orderKey(key);
    const modRevision = this.#revision + 1;
    const live = this.#live.get(order);
    const before = live?.kv;
    const kv: KeyValue = {
      key,
      value: new Uint8Array(value), // a copy: the caller may use its buffer again
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: (before?.version ?? 0) + 1,
      leaseId,
    };
    const older = live ?? this.#dead.get(order);
    const version: Version = { order, key, modRevision, kv, older };
    if (live === undefined && older !== undefined) this.#dead.delete(order);
    this.#live.set(order, version);
    changes.push(version);
  }

  #delete(live: Version | undefined, changes: Version[]): void {
    if (live === undefined) return;
    const { order, key } = live;
    const version: Version = { order, key, modRevision: this.#revision + 1, kv: undefined, older: live };
    this.#live.delete(order);
    this.#dead.set(order, version);
    changes.push(version);
  }

  #commit(changes: readonly Version[]): void {
    if (changes.length === 0) return;
    this.#revision++;
    this.ports.applied(this.#revision, changes);
    this.history.append(changes);
  }

  #holds(compare: Compare): boolean {
    const modRevision = this.#live.get(orderKey(compare.key))?.modRevision ?? 0;
    switch (compare.kind) {
      case 'mod':
        return modRevision === compare.revision;
      case 'exists':
        return modRevision !== 0;
      case 'absent':
        return modRevision === 0;
    }
  }

  *#versions(range: KeyRange): Generator<Version, void, void> {
    if (range.end !== undefined) {
      yield* this.#live.range(orderKey(range.start), orderKey(range.end));
      return;
    }
    const version = this.#live.get(orderKey(range.start));
    if (version !== undefined) yield version;
  }

  *#current(range: KeyRange): Generator<KeyValue, void, void> {
    for (const version of this.#versions(range)) if (version.kv !== undefined) yield version.kv;
  }

  *#past(range: KeyRange, revision: number): Generator<KeyValue, void, void> {
    const start = orderKey(range.start);
    const end = range.end === undefined ? `${start}\0` : orderKey(range.end);
    const heads = [...this.#live.range(start, end), ...this.#dead.range(start, end)];
    heads.sort((a, b) => (a.order < b.order ? -1 : 1));
    for (const head of heads) {
      let version: Version | undefined = head;
      while (version !== undefined && version.modRevision > revision) version = version.older;
      if (version?.kv !== undefined) yield version.kv;
    }
  }

  /** `version`'s revision was compacted: what it replaced can no longer be read, nor can it be where it is a deletion. */
  #forget(version: Version): void {
    version.older = undefined;
    if (version.kv === undefined && this.#dead.get(version.order) === version) this.#dead.delete(version.order);
  }
}

function withoutValue(kv: KeyValue): KeyValue {
  return { ...kv, value: EMPTY };
}

const EMPTY = new Uint8Array(0);
