import { sleep } from '@parkade/clock';
import type { Probe, ProbeResult } from './hand-off.js';
import type { LiveMember } from './member-view.js';
import type { TakeoverOutcome } from './owned-partitions.js';
import type { OwnerContext } from './owner-context.js';
import type { PartitionId } from './partition-space.js';
import type { RangeMirror } from './range-mirror.js';

/** Between the two connections that both must be refused. */
const CONFIRM_AFTER_MS = 50;

/**
 * Acts on evidence that a member is dead.
 *
 *   T1. Nothing is done without proof: two connections refused, one after the other.
 *   T2. What is done is a compare-and-set on the member's node key. All members see it go, and take the partitions of a run that
 *       is not registered by compare-and-set on each owner key. Evidence can be wrong: the epochs keep that safe.
 *   T3. At most `maxTakeovers` in `takeoverWindowMs`; a member is looked into once at a time.
 *   T4. Nothing where the role has no forced takeover.
 */
export class Takeover<P extends PartitionId> {
  readonly #underWay = new Map<string, Promise<TakeoverOutcome>>();
  /** Monotonic ms of the removals within the window. */
  #removals: number[] = [];

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly nodes: RangeMirror,
    private readonly probe: Probe | undefined,
  ) {}

  /** See `OwnedPartitions.reportUnreachable`. */
  report(memberIdOrAddress: string, evidence: string): Promise<TakeoverOutcome> {
    const { timing, members, self } = this.context;
    if (!timing.forcedTakeover || this.probe === undefined) return Promise.resolve('off');
    const member = members.find(memberIdOrAddress);
    if (member === undefined || member.memberId === self.memberId) return Promise.resolve('not-found');
    const known = this.#underWay.get(member.incarnation);
    if (known !== undefined) return known;
    const outcome = this.#lookInto(member, this.probe, evidence).finally(() => {
      this.#underWay.delete(member.incarnation);
    });
    this.#underWay.set(member.incarnation, outcome);
    return outcome;
  }

  async #lookInto(member: LiveMember, probe: Probe, evidence: string): Promise<TakeoverOutcome> {
    try {
      for (const waitMs of [0, CONFIRM_AFTER_MS]) {
        if (waitMs > 0) await sleep(this.context.clock, waitMs, this.context.closed);
        const result: ProbeResult = await probe(member.address);
        if (result !== 'refused') return result;
      }
      if (this.context.closed.aborted || !this.context.session.valid()) return 'failed';
      return await this.#remove(member, evidence);
    } catch (error: unknown) {
      this.context.report('takeover', error);
      return 'failed';
    }
  }

  async #remove(member: LiveMember, evidence: string): Promise<TakeoverOutcome> {
    const { store, timing, clock, report } = this.context;
    const nowMs = clock.monotonicMs();
    this.#removals = this.#removals.filter((atMs) => nowMs - atMs < timing.takeoverWindowMs);
    if (this.#removals.length >= timing.maxTakeovers) return 'limited';
    this.#removals.push(nowMs);
    const { key, revision } = member;
    const result = await store.txn(
      {
        compare: [{ kind: 'mod', key, revision }],
        success: [{ kind: 'delete', range: { start: key } }],
        failure: [{ kind: 'get', range: { start: key } }],
      },
      { timeoutMs: timing.storeTimeoutMs },
    );
    // Gone already is as good: removed by another, or its lease ended.
    const found = result.succeeded ? undefined : result.results[0]?.[0];
    this.nodes.observe(key, found, found?.modRevision ?? result.revision);
    if (found !== undefined) return 'alive';
    report('member-removed', new Error(`${member.memberId} at ${member.address} refuses connections (${evidence})`));
    return 'taken';
  }
}
