import type { Op, TxnResult } from '@parkade/store';
import type { HandOffRequest, HandOffRefusal, HandOffResult } from './hand-off.js';
import type { Held, HeldPartitions } from './held-partitions.js';
import { observeOwner, type OwnerContext, seenOwner } from './owner-context.js';
import { ownerValue, writtenKey } from './owner-key.js';
import type { OwnKeys } from './own-key.js';
import type { PartitionHandler } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';
import { guarded } from './report.js';
import { within } from './within.js';

const MAX_HAND_OFF_OPS = 8;

/**
 * Gives partitions of ours to members that ask.
 *
 *   G1. The owner key changes hands in one transaction that compares our epoch, after the handler drained.
 *   G2. A transaction without an answer is decided by raising our epoch: then it did not happen and never will, or the
 *       raise finds that it did. So admission is opened again only where the partition is ours for certain.
 *   G3. `undrain` or `lost` follows every `drain`.
 */
export class Giving<P extends PartitionId> {
  #underWay = 0;

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly handler: PartitionHandler<P>,
    private readonly held: HeldPartitions<P>,
    private readonly ownKeys: OwnKeys<P>,
    /** Whom our view of the members places the partition at. */
    private readonly wantedAt: (partition: P) => string | undefined,
    private readonly maxUnderWay: () => number,
  ) {}

  /** See `OwnedPartitions.handOff`. */
  async handOff(partition: P, request: HandOffRequest): Promise<HandOffResult> {
    const held = this.held.get(partition);
    if (held === undefined) return this.#refuse('not-owner', partition);
    if (held.run.incarnation === request.incarnation) return this.#refuse('not-wanted', partition);
    const target = this.context.members.ofRun(request.incarnation);
    if (target?.memberId !== request.memberId || this.wantedAt(partition) !== request.memberId) {
      return this.#refuse('not-wanted', partition);
    }
    if (held.state !== 'serving' || held.keyWrites.busy || this.#underWay >= this.maxUnderWay()) {
      return this.#refuse('busy', partition);
    }
    this.#underWay++;
    try {
      return await this.#give(held, request);
    } finally {
      this.#underWay--;
      this.context.replan();
    }
  }

  async #give(held: Held<P>, request: HandOffRequest): Promise<HandOffResult> {
    const { clock, timing, report } = this.context;
    const { partition } = held;
    const target = { memberId: request.memberId, address: request.address };
    held.state = 'draining';
    try {
      await within(clock, timing.drainTimeoutMs, 'drain', () => this.handler.drain(partition, target));
    } catch (error: unknown) {
      report('drain', error);
      return this.#keep(held, 'drain-failed');
    }
    if (!this.held.stands(held)) return this.#refuse('not-owner', partition);
    return held.keyWrites.run(() => this.#transfer(held, request));
  }

  /** Alone in `held.keyWrites`. */
  async #transfer(held: Held<P>, request: HandOffRequest): Promise<HandOffResult> {
    if (!this.held.stands(held)) return this.#refuse('not-owner', held.partition);
    const key = this.context.space.keyOf(held.partition);
    const value = ownerValue({
      memberId: request.memberId,
      address: request.address,
      incarnation: request.incarnation,
    });
    let result: TxnResult;
    try {
      result = await this.context.store.txn(
        {
          compare: [{ kind: 'mod', key, revision: held.epoch }],
          success: [{ kind: 'put', key, value, leaseId: request.leaseId }, ...this.#extraOps(held, request)],
          failure: [{ kind: 'get', range: { start: key } }],
        },
        { timeoutMs: this.context.timing.storeTimeoutMs },
      );
    } catch (error: unknown) {
      this.context.report('hand-off-write', error);
      return this.#decide(held, request);
    }
    if (!result.succeeded) {
      observeOwner(this.context, held.partition, result.results[0]?.[0], result.revision);
      // Ours under another epoch: an earlier write of ours landed late.
      return this.held.stands(held) ? this.#decide(held, request) : this.#refuse('not-owner', held.partition);
    }
    // The change is told at once, and drops the partition with the hint.
    this.context.owners.observe(key, writtenKey(key, value, result.revision, request.leaseId), result.revision);
    return { ok: true, epoch: result.revision };
  }

  /** G2. */
  async #decide(held: Held<P>, request: HandOffRequest): Promise<HandOffResult> {
    try {
      await this.ownKeys.raiseAlone(held);
      return this.#keep(held, 'write-failed');
    } catch (error: unknown) {
      this.context.report('hand-off-undecided', error);
      if (this.held.stands(held)) return this.#keep(held, 'write-failed');
      const owner = seenOwner(this.context, held.partition);
      if (owner?.incarnation === request.incarnation) return { ok: true, epoch: owner.epoch };
      return this.#refuse('not-owner', held.partition);
    }
  }

  #extraOps(held: Held<P>, { memberId, address }: HandOffRequest): readonly Op[] {
    const ops = this.handler.handOffOps(held.partition, { memberId, address });
    if (ops.length > MAX_HAND_OFF_OPS) throw new Error(`more than ${MAX_HAND_OFF_OPS} hand-off operations`);
    return ops;
  }

  #keep(held: Held<P>, reason: HandOffRefusal): HandOffResult {
    if (!this.held.stands(held)) return this.#refuse('not-owner', held.partition);
    held.state = 'serving';
    guarded(this.context.report, 'undrain', () => this.handler.undrain(held.partition, held.epoch));
    return this.#refuse(reason, held.partition);
  }

  #refuse(reason: HandOffRefusal, partition: P): HandOffResult {
    return { ok: false, reason, owner: seenOwner(this.context, partition) };
  }
}
