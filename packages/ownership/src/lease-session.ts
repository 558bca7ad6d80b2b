import type { Clock, Random } from '@parkade/clock';
import type { Store } from '@parkade/store';

export interface LeaseSessionConfig {
  /** Asked of the store; what it grants counts. Default 5,000 ms. */
  readonly ttlMs?: number | undefined;
  /** How long before the lease can end the session counts as invalid. Default a tenth of the TTL. */
  readonly marginMs?: number | undefined;
  /** Between attempts to get a lease: doubles from min to max, half of it random. Default 100 to 2,000 ms. */
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
}

export interface LeaseSessionDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly report?: ((what: string, error: unknown) => void) | undefined;
}

/** One lease, from its grant until it is lost. */
export interface LeaseRun {
  readonly leaseId: string;
  /** Differs for each lease. */
  readonly incarnation: string;
}

export type LeaseLoss = 'expired' | 'gone' | 'closed';

export class LeaseSession {
  constructor(
    private readonly config: LeaseSessionConfig,
    private readonly deps: LeaseSessionDeps,
  ) {}

  /** Begins to get a lease, and gets a new one whenever it is lost, until `close`. */
  start(): void {
    throw new Error(`not yet: ${Object.keys(this.config).length} ${typeof this.deps}`);
  }

  /** Whether the lease is alive for certain, computed now. Once false for a lease, never true again for it. */
  valid(): boolean {
    throw new Error('not yet');
  }

  /** How much longer `valid` holds without another keepalive, in ms; 0 when it does not. */
  remainingMs(): number {
    throw new Error('not yet');
  }

  /** The valid lease; undefined when there is none now. */
  current(): LeaseRun | undefined {
    throw new Error('not yet');
  }

  get leaseId(): string | undefined {
    return this.current()?.leaseId;
  }

  /** Calls `listener` for each lease obtained (at once for the current one). Returns what ends that. */
  onObtained(listener: (run: LeaseRun) => void): () => void {
    throw new Error(`not yet ${listener.length}`);
  }

  /** Calls `listener` once for each lease lost, synchronously, before another is asked for. Returns what ends that. */
  onLost(listener: (run: LeaseRun, loss: LeaseLoss) => void): () => void {
    throw new Error(`not yet ${listener.length}`);
  }

  /** The store said that this lease is gone. */
  invalidate(leaseId: string): void {
    throw new Error(`not yet ${leaseId}`);
  }

  /** Ends the session and revokes the lease (bounded; never rejects). Idempotent. */
  close(): Promise<void> {
    return Promise.reject(new Error('not yet'));
  }
}
