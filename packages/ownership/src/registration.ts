import { sleep } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Member } from '@parkade/proto';
import { backOffMs } from './back-off.js';
import type { Probe } from './hand-off.js';
import type { LeaseRun } from './lease-session.js';
import { type OwnerContext, spawn } from './owner-context.js';
import { writtenKey } from './owner-key.js';
import type { PartitionId } from './partition-space.js';
import { isLeaseGone } from './store-faults.js';
import type { RangeMirror } from './range-mirror.js';

const SELF_PROBE_MIN_MS = 500;
const SELF_PROBE_MAX_MS = 30_000;

/**
 * This member's node key.
 *
 *   N1. It is there before anything is claimed in a run.
 *   N2. Removed by others while our lease lives (they could not connect), it comes back only when we can connect to ourselves.
 *   N3. Replaced by another run with our id, it is left alone: the run that came last has the id.
 */
export class Registration<P extends PartitionId> {
  readonly #key: string;
  #putting: string | undefined;
  /** The run that was registered, and when. */
  #joined: { readonly incarnation: string; readonly atMs: number } | undefined;
  #draining = false;
  readonly #startedAtMs: number;

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly nodes: RangeMirror,
    private readonly probe: Probe | undefined,
  ) {
    this.#key = keys.node(context.space.role, context.self.memberId);
    this.#startedAtMs = Math.floor(context.clock.nowMs());
  }

  /** Since when the run is registered, monotonic ms; undefined when it is not (any more): then it sees to it. */
  since(run: LeaseRun): number | undefined {
    const seen = this.context.members.find(this.context.self.memberId);
    if (seen?.incarnation === run.incarnation && seen.draining === this.#draining) {
      if (this.#joined?.incarnation !== run.incarnation) {
        this.#joined = { incarnation: run.incarnation, atMs: this.context.clock.monotonicMs() };
      }
      return this.#joined.atMs;
    }
    const replaced = seen !== undefined && seen.incarnation !== run.incarnation && this.#joined !== undefined;
    if (replaced && this.#joined?.incarnation === run.incarnation) return undefined;
    this.#register(run);
    return undefined;
  }

  /** From now on the node key says that we are leaving. */
  setDraining(): void {
    this.#draining = true;
    this.context.replan();
  }

  /** Deletes the node key, if it is ours. Rejects with `StoreError`. */
  async remove(): Promise<void> {
    const own = this.context.members.find(this.context.self.memberId);
    if (own === undefined || own.incarnation !== this.context.session.current()?.incarnation) return;
    await this.context.store.txn(
      {
        compare: [{ kind: 'mod', key: this.#key, revision: own.revision }],
        success: [{ kind: 'delete', range: { start: this.#key } }],
      },
      { timeoutMs: this.context.timing.storeTimeoutMs },
    );
  }

  #register(run: LeaseRun): void {
    if (this.#putting === run.incarnation) return;
    this.#putting = run.incarnation;
    spawn(this.context.report, 'register', async () => {
      try {
        await this.#putUntilDone(run);
      } finally {
        if (this.#putting === run.incarnation) this.#putting = undefined;
        this.context.replan();
      }
    });
  }

  async #putUntilDone(run: LeaseRun): Promise<void> {
    const { session, clock, random, closed, timing, report } = this.context;
    const going = (): boolean => session.current()?.incarnation === run.incarnation && !closed.aborted;
    const wasRemoved = this.#joined?.incarnation === run.incarnation && !this.#draining;
    for (let attempt = 0; wasRemoved && going(); attempt++) {
      await sleep(clock, backOffMs(attempt, SELF_PROBE_MIN_MS, SELF_PROBE_MAX_MS, random), closed);
      if ((await this.probe?.(this.context.self.address)) !== 'refused') break;
    }
    for (let attempt = 0; going(); attempt++) {
      try {
        return await this.#put(run);
      } catch (error: unknown) {
        report('register', error);
        if (isLeaseGone(error)) session.invalidate(run.leaseId);
        await sleep(clock, backOffMs(attempt, timing.retryMinMs, timing.retryMaxMs, random), closed);
      }
    }
  }

  async #put(run: LeaseRun): Promise<void> {
    const { store, self, timing } = this.context;
    const { incarnation, leaseId } = run;
    const value = Member.encode({
      ...self,
      incarnation,
      startedAtMs: this.#startedAtMs,
      draining: this.#draining,
    }).finish();
    const put = { kind: 'put', key: this.#key, value, leaseId } as const;
    const { revision } = await store.txn({ compare: [], success: [put] }, { timeoutMs: timing.storeTimeoutMs });
    this.nodes.observe(this.#key, writtenKey(this.#key, value, revision, leaseId), revision);
  }
}
