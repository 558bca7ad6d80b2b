import type { KeyValue, Lease, StoreError } from '../store.js';
import type { Version } from './history.js';

/** Makes what the store applies durable, in order. */
export interface Durability {
  /** A revision's changes. */
  revision(revision: number, versions: readonly Version[]): void;
  leaseGranted(lease: Lease, lastLeaseId: number): void;
  leaseRemoved(leaseId: string): void;
  /** Whether everything handed over so far is on disk. */
  readonly settled: boolean;
  /**
   * Resolves when everything handed over so far is on disk. Rejects with `StoreError('unavailable')`, outcome unknown
   * when `wrote`, when that takes longer than `timeoutMs` or the disk failed.
   */
  settle(timeoutMs: number, wrote: boolean): Promise<void>;
  /** Called with each revision that has become durable, in order; not necessarily with each one. */
  onDurable: (revision: number) => void;
  /** Why nothing may be applied now: the disk failed, or too much waits for it. */
  readonly refusal: StoreError | undefined;
  close(): Promise<void>;
}

/** What a data directory held when it was opened. */
export interface Restored {
  readonly revision: number;
  readonly lastLeaseId: number;
  readonly leases: readonly Lease[];
  readonly kvs: Iterable<KeyValue>;
}

/** Nothing is kept: everything is as durable as the process. */
export class InMemory implements Durability {
  readonly settled = true;
  readonly refusal = undefined;
  onDurable: (revision: number) => void = () => undefined;

  revision(revision: number): void {
    this.onDurable(revision);
  }

  leaseGranted(): void {
    // Lives as long as the process.
  }

  leaseRemoved(): void {
    // Lives as long as the process.
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
