import type { Clock, Random, Timer } from '@parkade/clock';
import { StoreError, type Lease, type Store } from '@parkade/store';
import { backOffMs } from './back-off.js';
import { callAll, type Report } from './report.js';

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
  readonly report?: Report | undefined;
}

/** One lease, from its grant until it is lost. */
export interface LeaseRun {
  readonly leaseId: string;
  /** Differs for each lease. */
  readonly incarnation: string;
}

/** `expired`: no keepalive in time; `gone`: the store does not know it; `closed`: we ended it. */
export type LeaseLoss = 'expired' | 'gone' | 'closed';

/** Keepalives without an answer at one time; past it a turn is left out. */
const MAX_KEEPALIVES_IN_FLIGHT = 3;
const REVOKE_TIMEOUT_MS = 1_000;
const INCARNATION_BYTES = 12;

interface Run extends LeaseRun {
  readonly ttlMs: number;
  readonly marginMs: number;
  /** When the last keepalive that was answered had been sent, monotonic. */
  sentAtMs: number;
  inFlight: number;
  keepAlive?: Timer;
  expiry?: Timer;
  /** Seen to be not valid. */
  over: boolean;
}

/**
 * A member's lease, and its own judgement of whether that is alive.
 *
 *   L1. The session is valid only while monotonic now < sent + TTL - margin, `sent` being when the last answered keepalive
 *       (or the grant) was sent. It is computed at the call, so a process that was frozen knows at once.
 *   L2. A lease that was once not valid never is again: a late answer does not revive it.
 *   L3. `lost` is told once for each lease obtained, before it is revoked and before another is asked for.
 *   L4. While the store is unavailable the session lives on until L1 ends it.
 */
export class LeaseSession {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #report: Report | undefined;
  readonly #obtained = new Set<(run: LeaseRun) => void>();
  readonly #lost = new Set<(run: LeaseRun, loss: LeaseLoss) => void>();
  #run: Run | undefined;
  #state: 'new' | 'started' | 'closed' = 'new';
  #attempt = 0;
  #retry: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    private readonly config: LeaseSessionConfig,
    deps: LeaseSessionDeps,
  ) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#report = deps.report;
  }

  /** Begins to get a lease, and gets a new one whenever it is lost, until `close`. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    void this.#obtain();
  }

  /** Whether the lease is alive for certain, computed now. Once false for a lease, never true again for it. */
  valid(): boolean {
    return this.#validRun() !== undefined;
  }

  /** How much longer `valid` holds without another keepalive, in ms; 0 when it does not. */
  remainingMs(): number {
    const run = this.#validRun();
    return run === undefined ? 0 : validUntilMs(run) - this.#clock.monotonicMs();
  }

  /** The valid lease; undefined when there is none now. */
  current(): LeaseRun | undefined {
    return this.#validRun();
  }

  get leaseId(): string | undefined {
    return this.#validRun()?.leaseId;
  }

  /** Calls `listener` for each lease obtained (at once for the current one). Returns what ends that. */
  onObtained(listener: (run: LeaseRun) => void): () => void {
    this.#obtained.add(listener);
    const run = this.#validRun();
    if (run !== undefined) callAll([listener], this.#report, run);
    return () => void this.#obtained.delete(listener);
  }

  /** Calls `listener` once for each lease lost, before another is asked for. Returns what ends that. */
  onLost(listener: (run: LeaseRun, loss: LeaseLoss) => void): () => void {
    this.#lost.add(listener);
    return () => void this.#lost.delete(listener);
  }

  /** The store said that this lease is gone. */
  invalidate(leaseId: string): void {
    if (this.#run?.leaseId === leaseId) this.#lose(this.#run, 'gone');
  }

  /** Ends the session and revokes the lease (bounded; never rejects). Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #validRun(): Run | undefined {
    const run = this.#run;
    if (run === undefined || run.over) return undefined;
    if (this.#clock.monotonicMs() < validUntilMs(run)) return run;
    // L2: from here on it is lost, also if a keepalive's answer is waiting to be read. Listeners hear of it on a turn of
    // their own, not inside whatever asked.
    run.over = true;
    this.#clock.defer(() => this.#lose(run, 'expired'));
    return undefined;
  }

  async #obtain(): Promise<void> {
    this.#retry = undefined;
    const sentAtMs = this.#clock.monotonicMs();
    let lease: Lease;
    try {
      const ttlMs = this.config.ttlMs ?? 5_000;
      lease = await this.#store.grantLease(ttlMs, { timeoutMs: ttlMs });
    } catch (error: unknown) {
      this.#report?.('lease-grant', error);
      this.#obtainLater();
      return;
    }
    const run: Run = {
      leaseId: lease.id,
      incarnation: Buffer.from(this.#random.bytes(INCARNATION_BYTES)).toString('hex'),
      ttlMs: lease.ttlMs,
      marginMs: this.config.marginMs ?? lease.ttlMs / 10,
      sentAtMs,
      inFlight: 0,
      over: false,
    };
    if (this.#state === 'closed') return this.#revoke(run);
    if (this.#clock.monotonicMs() >= validUntilMs(run)) {
      this.#obtainLater();
      return this.#revoke(run);
    }
    this.#attempt = 0;
    this.#run = run;
    this.#armKeepAlive(run, run.ttlMs / 5);
    this.#armExpiry(run);
    callAll(this.#obtained, this.#report, run);
  }

  #obtainLater(): void {
    if (this.#state !== 'started') return;
    const { retryMinMs = 100, retryMaxMs = 2_000 } = this.config;
    const delayMs = backOffMs(this.#attempt++, retryMinMs, retryMaxMs, this.#random);
    this.#retry = this.#clock.setTimer(delayMs, () => void this.#obtain());
  }

  #armKeepAlive(run: Run, delayMs: number): void {
    run.keepAlive?.cancel();
    run.keepAlive = this.#clock.setTimer(delayMs, () => {
      if (this.#validRun() !== run) return;
      this.#armKeepAlive(run, run.ttlMs / 5);
      if (run.inFlight < MAX_KEEPALIVES_IN_FLIGHT) void this.#keepAlive(run);
    });
  }

  #armExpiry(run: Run): void {
    run.expiry = this.#clock.setTimer(validUntilMs(run) - this.#clock.monotonicMs(), () => {
      if (this.#validRun() === run) this.#armExpiry(run);
    });
  }

  async #keepAlive(run: Run): Promise<void> {
    const sentAtMs = this.#clock.monotonicMs();
    run.inFlight++;
    try {
      await this.#store.keepAlive(run.leaseId, { timeoutMs: (run.ttlMs * 2) / 5 });
      if (this.#validRun() === run) run.sentAtMs = Math.max(run.sentAtMs, sentAtMs);
    } catch (error: unknown) {
      this.#report?.('lease-keepalive', error);
      if (this.#run !== run) return;
      if (error instanceof StoreError && error.code === 'lease-not-found') this.#lose(run, 'gone');
      else if (this.#validRun() === run) this.#armKeepAlive(run, run.ttlMs / 20);
    } finally {
      run.inFlight--;
    }
  }

  #lose(run: Run, loss: LeaseLoss): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    run.keepAlive?.cancel();
    run.expiry?.cancel();
    callAll(this.#lost, this.#report, run, loss);
    if (loss === 'closed') return;
    // Others need not wait for its end; all of ours was dropped above.
    if (loss === 'expired') void this.#revoke(run);
    this.#obtainLater();
  }

  async #revoke(run: Run): Promise<void> {
    try {
      await this.#store.revokeLease(run.leaseId, { timeoutMs: REVOKE_TIMEOUT_MS });
    } catch (error: unknown) {
      this.#report?.('lease-revoke', error);
    }
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#retry?.cancel();
    const run = this.#run;
    if (run === undefined) return;
    this.#lose(run, 'closed');
    await this.#revoke(run);
  }
}

function validUntilMs(run: Run): number {
  return run.sentAtMs + run.ttlMs - run.marginMs;
}
