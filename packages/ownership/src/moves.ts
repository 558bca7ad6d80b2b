import type { HandOffClient } from './hand-off.js';
import type { HeldPartitions } from './held-partitions.js';
import type { LeaseRun } from './lease-session.js';
import { type OwnerContext, seenOwner, spawn } from './owner-context.js';
import { ownerOf } from './owner-key.js';
import type { OwnKeys } from './own-key.js';
import type { OwnerHint, PartitionHandler } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';
import { guarded } from './report.js';
import type { RetryTable } from './retry-table.js';
import { within } from './within.js';

interface Move {
  readonly owner: OwnerHint;
  readonly run: LeaseRun;
}

/**
 * Partitions on their way to this member by hand-off: preload, then ask.
 *
 *   M1. A move ends once: as gained, or with `cancelPreload`.
 *   M2. It goes on only while the owner that it was begun with owns the partition.
 *   M3. A request without an answer counts as nothing: the owner key tells whether the partition came.
 */
export class Moves<P extends PartitionId> {
  readonly #moves = new Map<P, Move>();

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly handler: PartitionHandler<P>,
    private readonly client: HandOffClient,
    private readonly held: HeldPartitions<P>,
    private readonly ownKeys: OwnKeys<P>,
    private readonly retries: RetryTable<P>,
  ) {}

  has(partition: P): boolean {
    return this.#moves.has(partition);
  }

  get size(): number {
    return this.#moves.size;
  }

  start(partition: P, owner: OwnerHint, run: LeaseRun): void {
    const move: Move = { owner, run };
    this.#moves.set(partition, move);
    spawn(this.context.report, 'move', () => this.#move(partition, move));
  }

  /** The partition is ours: whether its copy was being moved here. The copy is the handler's to use from now on. */
  take(partition: P): boolean {
    return this.#moves.delete(partition);
  }

  /** Gives the move up, if there is one. */
  cancel(partition: P): void {
    if (!this.#moves.delete(partition)) return;
    guarded(this.context.report, 'cancel-preload', () => this.handler.cancelPreload(partition));
  }

  cancelAll(): void {
    for (const partition of [...this.#moves.keys()]) this.cancel(partition);
  }

  async #move(partition: P, move: Move): Promise<void> {
    const { clock, timing, report } = this.context;
    try {
      await within(clock, timing.preloadTimeoutMs, 'preload', () => this.handler.preload(partition));
      if (this.#goesOn(partition, move)) await this.#ask(partition, move);
    } catch (error: unknown) {
      report('move', error);
    }
    // M3: also an answer may have been lost.
    if (this.#goesOn(partition, move)) await this.#look(partition, move);
    if (this.#moves.get(partition) === move) {
      this.retries.failed(partition);
      this.cancel(partition);
    }
    this.context.replan();
  }

  async #ask(partition: P, { owner, run }: Move): Promise<void> {
    const { timing, space, self } = this.context;
    const { memberId, address } = self;
    const { incarnation, leaseId } = run;
    const request = { role: space.role, partition, memberId, address, incarnation, leaseId };
    const result = await this.client.handOff(owner.address, request, timing.handOffTimeoutMs);
    if (result.ok) this.#gained(partition, result.epoch, run);
    else this.context.report('hand-off-refused', new Error(`${space.role} ${partition}: ${result.reason}`));
  }

  async #look(partition: P, { run }: Move): Promise<void> {
    try {
      const kv = await this.ownKeys.read(partition);
      if (kv !== undefined && ownerOf(kv).incarnation === run.incarnation) {
        this.#gained(partition, kv.modRevision, run);
      }
    } catch (error: unknown) {
      this.context.report('move', error);
    }
  }

  #gained(partition: P, epoch: number, run: LeaseRun): void {
    this.held.gain(partition, epoch, this.take(partition) ? 'handed-off' : 'claimed', run);
  }

  #goesOn(partition: P, move: Move): boolean {
    return (
      this.#moves.get(partition) === move &&
      !this.context.closed.aborted &&
      this.context.session.current()?.incarnation === move.run.incarnation &&
      seenOwner(this.context, partition)?.incarnation === move.owner.incarnation
    );
  }
}
