import type { KeyValue } from '@parkade/store';
import type { Assignment } from './assignment.js';
import type { Claim, Claims } from './claims.js';
import type { ExpiryDelay } from './expiry-delay.js';
import type { HeldPartitions } from './held-partitions.js';
import type { LeaseRun } from './lease-session.js';
import type { Moves } from './moves.js';
import type { OwnerContext } from './owner-context.js';
import { ownerOf } from './owner-key.js';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';
import type { RetryTable } from './retry-table.js';

interface Parts<P extends PartitionId> {
  readonly assignment: Assignment<P>;
  readonly held: HeldPartitions<P>;
  readonly claims: Claims<P>;
  readonly moves: Moves<P>;
  readonly claimRetries: RetryTable<P>;
  readonly moveRetries: RetryTable<P>;
  /** Loads that failed: a member that serves the partition keeps it for longer. */
  readonly loadRetries: RetryTable<P>;
  readonly expiry: ExpiryDelay<P>;
  /** Partitions whose owner key is being given up. */
  readonly releasing: ReadonlySet<P>;
}

/** What one look at all partitions asks for. */
interface Round<P extends PartitionId> {
  readonly nowMs: number;
  readonly run: LeaseRun;
  readonly due: Claim<P>[];
  readonly moves: { partition: P; owner: OwnerHint; urgent: boolean }[];
  /** Monotonic ms of the next thing to do. */
  nextMs: number;
}

/**
 * Decides what to claim and what to move here, each time anything changed or fell due.
 *
 *   W1. What nobody owns, or a run owns that is not registered (with forced takeover), is claimed: by the member it is placed
 *       at at once, by any other after a grace.
 *   W2. What a live member owns is moved by hand-off alone, by the member it is placed at, after the members were settled; at once
 *       when its owner is leaving.
 *   W3. Claims and loads under way never exceed `maxLoads`, moves never `maxMoves` (twice that from leaving owners).
 */
export class Planner<P extends PartitionId> {
  /** Since when a partition may be claimed, and which state of its key that is about. */
  readonly #claimable = new Map<P, { readonly seenRevision: number; readonly sinceMs: number }>();

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly parts: Parts<P>,
  ) {}

  /** Starts what is due. Returns when to look again, monotonic ms; Infinity: when something changes. */
  plan(run: LeaseRun): number {
    const round: Round<P> = { nowMs: this.context.clock.monotonicMs(), run, due: [], moves: [], nextMs: Infinity };
    for (const partition of this.parts.assignment.partitions) this.#look(partition, round);
    this.#startClaims(round);
    this.#startMoves(round);
    return round.nextMs;
  }

  #look(partition: P, round: Round<P>): void {
    const { held, claims, releasing } = this.parts;
    const kv = this.context.owners.get(this.context.space.keyOf(partition));
    if (this.#reconcile(partition, kv, round.run)) return;
    if (held.get(partition) !== undefined || claims.has(partition) || releasing.has(partition)) {
      this.#claimable.delete(partition);
      return;
    }
    const owner = kv === undefined ? undefined : ownerOf(kv);
    if (owner === undefined) this.#orphan(partition, 0, round);
    else if (!this.context.members.isGone(owner)) this.#ownedByOther(partition, owner, round);
    else if (this.context.timing.forcedTakeover) this.#orphan(partition, owner.epoch, round);
  }

  /** Takes in an owner key of ours that nobody waits for: a write that landed late. */
  #reconcile(partition: P, kv: KeyValue | undefined, run: LeaseRun): boolean {
    if (kv === undefined || ownerOf(kv).incarnation !== run.incarnation) return false;
    if (this.parts.releasing.has(partition)) return true;
    if (this.parts.held.get(partition)?.keyWrites.busy === true) return true;
    this.parts.held.gain(partition, kv.modRevision, this.parts.moves.take(partition) ? 'handed-off' : 'claimed', run);
    return true;
  }

  #orphan(partition: P, seenRevision: number, round: Round<P>): void {
    const { timing, random, self } = this.context;
    const { assignment, claimRetries, expiry, moves } = this.parts;
    moves.cancel(partition);
    let claimable = this.#claimable.get(partition);
    if (claimable?.seenRevision !== seenRevision) {
      claimable = { seenRevision, sinceMs: round.nowMs + random.next() * timing.claimJitterMs };
      this.#claimable.set(partition, claimable);
    }
    const graceMs = assignment.of(partition) === self.memberId ? 0 : timing.orphanGraceMs;
    const notBeforeMs = seenRevision === 0 ? expiry.notBeforeMs(partition) : 0;
    const dueMs = Math.max(Math.max(claimable.sinceMs, notBeforeMs) + graceMs, claimRetries.dueMs(partition));
    if (dueMs <= round.nowMs) round.due.push({ partition, seenRevision });
    else round.nextMs = Math.min(round.nextMs, dueMs);
  }

  #ownedByOther(partition: P, owner: OwnerHint, round: Round<P>): void {
    this.#claimable.delete(partition);
    const { assignment, moves, moveRetries, loadRetries } = this.parts;
    if (assignment.of(partition) !== this.context.self.memberId) {
      moves.cancel(partition);
      return;
    }
    const urgent = this.context.members.ofRun(owner.incarnation)?.draining === true;
    const settledMs = urgent ? 0 : assignment.changedAtMs + this.context.timing.settleMs;
    const dueMs = Math.max(settledMs, moveRetries.dueMs(partition), loadRetries.dueMs(partition));
    if (moves.has(partition)) return;
    if (dueMs > round.nowMs) round.nextMs = Math.min(round.nextMs, dueMs);
    else round.moves.push({ partition, owner, urgent });
  }

  #startClaims({ due, run }: Round<P>): void {
    const { held, claims, assignment } = this.parts;
    const free = this.context.timing.maxLoads - held.loading - claims.size;
    if (free <= 0 || due.length === 0) return;
    const mine = ({ partition }: Claim<P>): number => Number(assignment.of(partition) === this.context.self.memberId);
    claims.start(due.sort((a, b) => mine(b) - mine(a)).slice(0, free), run);
  }

  #startMoves({ moves: wanted, run }: Round<P>): void {
    const { moves } = this.parts;
    const { maxMoves } = this.context.timing;
    for (const { partition, owner, urgent } of wanted.sort((a, b) => Number(b.urgent) - Number(a.urgent))) {
      if (moves.size < (urgent ? 2 * maxMoves : maxMoves)) moves.start(partition, owner, run);
    }
  }
}
