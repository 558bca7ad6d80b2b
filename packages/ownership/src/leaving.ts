import { sleep } from '@parkade/clock';
import type { HeldPartitions } from './held-partitions.js';
import type { OwnerContext } from './owner-context.js';
import type { PartitionId } from './partition-space.js';
import type { Registration } from './registration.js';
import type { Releasing } from './releasing.js';

/** Kept of the deadline for what nobody asked for: drain and deletion. */
const RELEASE_SHARE = 0.4;

/**
 * Leaves the role: first by hand-off, then by release.
 *
 *   Y1. From the beginning on nothing is claimed or moved here.
 *   Y2. While other members can take partitions, they are waited for, until a part of the deadline is left.
 *   Y3. At the end nothing is held: what could not be released in time is dropped, and its key goes with the lease.
 */
export class Leaving<P extends PartitionId> {
  #done: Promise<void> | undefined;
  readonly #over = new AbortController();
  #watching = false;

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly held: HeldPartitions<P>,
    private readonly releasing: Releasing<P>,
    private readonly registration: Registration<P>,
  ) {}

  get begun(): boolean {
    return this.#done !== undefined;
  }

  /** See `OwnedPartitions.leave`. */
  leave(deadlineMs: number): Promise<void> {
    this.#done ??= this.#leave(deadlineMs);
    return this.#done;
  }

  /** Something changed. */
  changed(): void {
    if (this.#watching && (this.held.all().length === 0 || !this.#othersStay())) this.#over.abort();
  }

  async #leave(deadlineMs: number): Promise<void> {
    const { clock } = this.context;
    const endMs = clock.monotonicMs() + deadlineMs;
    this.registration.setDraining();
    this.#watching = true;
    this.changed();
    await sleep(clock, deadlineMs * (1 - RELEASE_SHARE), this.#over.signal);
    await this.#releaseAll(endMs);
    this.held.dropAll();
  }

  #othersStay(): boolean {
    const { members, self } = this.context;
    return members.live().some(({ memberId, draining }) => memberId !== self.memberId && !draining);
  }

  async #releaseAll(endMs: number): Promise<void> {
    const { clock, closed } = this.context;
    const released = Promise.all(this.held.all().map((held) => this.releasing.release(held)));
    const over = new AbortController();
    const timedOut = sleep(clock, Math.max(0, endMs - clock.monotonicMs()), AbortSignal.any([over.signal, closed]));
    await Promise.race([released, timedOut]);
    over.abort();
  }
}
