import { afterAll, beforeAll } from 'vitest';
import {
  prefixRange,
  StoreError,
  type KeyRange,
  type Op,
  type Store,
  type TxnResult,
  type WatchEvent,
} from '../store.js';

/** A store under test, with the power over its time. */
export interface Subject {
  readonly store: Store;
  /** Lets at least `ms` pass for the store. */
  readonly passTime: (ms: number) => Promise<void>;
  /** Ends the store and what it runs on. */
  readonly dispose: () => Promise<void>;
}

export type OpenSubject = () => Promise<Subject>;

/** What the tests of one contract file work with: a store shared by them, and a fresh key prefix for each test. */
export interface Fixture {
  readonly store: () => Store;
  readonly passTime: (ms: number) => Promise<void>;
  /** A prefix that no other test uses. */
  readonly prefix: () => string;
}

let prefixes = 0;

/** Opens a subject for the surrounding `describe`. */
export function useSubject(open: OpenSubject): Fixture {
  let subject: Subject | undefined;
  const opened = (): Subject => {
    if (subject === undefined) throw new Error('the subject is not open');
    return subject;
  };
  beforeAll(async () => {
    subject = await open();
  });
  afterAll(async () => {
    await subject?.dispose();
  });
  return {
    store: () => opened().store,
    passTime: (ms) => opened().passTime(ms),
    prefix: () => `/contract/${++prefixes}/`,
  };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

export function putOp(key: string, value = 'v', leaseId?: string): Op {
  return { kind: 'put', key, value: bytes(value), leaseId };
}

export function deleteOp(start: string, end?: string): Op {
  return { kind: 'delete', range: { start, end } };
}

export function put(store: Store, key: string, value = 'v', leaseId?: string): Promise<TxnResult> {
  return store.txn({ compare: [], success: [putOp(key, value, leaseId)] });
}

export function remove(store: Store, key: string): Promise<TxnResult> {
  return store.txn({ compare: [], success: [deleteOp(key)] });
}

/** The store's revision now. */
export async function revisionOf(store: Store): Promise<number> {
  return (await store.range({ start: '/contract/none' })).revision;
}

/** What a promise was rejected with; fails when it was not rejected with a `StoreError`. */
export async function storeErrorOf(promise: Promise<unknown>): Promise<StoreError> {
  try {
    await promise;
  } catch (error: unknown) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('resolved, but a StoreError was expected');
}

/** An event in one line: `put key=value@revision` or `delete key@revision`. */
export function describeEvent(event: WatchEvent): string {
  return event.kind === 'put'
    ? `put ${event.kv.key}=${text(event.kv.value) ?? ''}@${event.kv.modRevision}`
    : `delete ${event.key}@${event.modRevision}`;
}

export function revisionOfEvent(event: WatchEvent): number {
  return event.kind === 'put' ? event.kv.modRevision : event.modRevision;
}

/** A watch that keeps all it was told. */
export class Recorder {
  readonly events: WatchEvent[] = [];
  /** The events of each call. */
  readonly batches: (readonly WatchEvent[])[] = [];
  /** The `revision` argument of each call. */
  readonly revisions: number[] = [];
  readonly ups: boolean[] = [];
  compactedAt: number | undefined;
  readonly #waiters = new Set<() => void>();
  readonly #watch: { close(): void };

  constructor(store: Store, range: KeyRange | string, fromRevision: number) {
    this.#watch = store.watch(typeof range === 'string' ? prefixRange(range) : range, fromRevision, {
      events: (events, revision) => {
        this.batches.push(events);
        this.events.push(...events);
        this.revisions.push(revision);
        this.#wake();
      },
      compacted: (revision) => {
        this.compactedAt = revision;
        this.#wake();
      },
      connected: (up) => {
        this.ups.push(up);
        this.#wake();
      },
    });
  }

  get lines(): string[] {
    return this.events.map(describeEvent);
  }

  /** Resolves when `condition` holds; the test's own time limit ends the wait. */
  until(condition: (recorder: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition(this)) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  close(): void {
    this.#watch.close();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
