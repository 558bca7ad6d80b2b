import type { Timer } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { type Compare, prefixRange } from '@parkade/store';
import { Assignment } from './assignment.js';
import { Claims } from './claims.js';
import { ExpiryDelay } from './expiry-delay.js';
import { Giving } from './giving.js';
import type { HandOffRequest, HandOffResult } from './hand-off.js';
import { type Held, HeldPartitions } from './held-partitions.js';
import { Leaving } from './leaving.js';
import { MemberView } from './member-view.js';
import { Moves } from './moves.js';
import { DEFAULT_TIMING, type PartitionOwnerConfig, type PartitionOwnerDeps } from './options.js';
import type { OwnedPartitions, TakeoverOutcome } from './owned-partitions.js';
import { type OwnerContext, seenOwner } from './owner-context.js';
import { ownerOf } from './owner-key.js';
import { OwnershipLostError } from './ownership-error.js';
import { OwnKeys } from './own-key.js';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';
import { PeerWatch } from './peer-watch.js';
import { Planner } from './planner.js';
import { type MirrorChange, RangeMirror } from './range-mirror.js';
import { Registration } from './registration.js';
import { Releasing } from './releasing.js';
import { RetryTable } from './retry-table.js';
import { Takeover } from './takeover.js';

/** A partition that could not be loaded is taken from a member that serves it after this many times `retryMaxMs` at most. */
const MAX_LOAD_BACK_OFF = 12;

/**
 * Owns partitions of one role for this member; `OwnedPartitions` says what each method promises.
 *
 *   O1. At most one epoch can write a partition: the store compares the owner key's modification revision in every
 *       transaction. Nothing here is needed for that; everything here only saves work that the compare would refuse.
 *   O2. The epochs of a partition rise with each claim, hand-off and raise, in whatever member.
 *   O3. `owns` and `epochOf` hold only while the session is valid at the moment of the call.
 *   O4. When the session ends every partition is `lost` before a new lease is asked for; nothing of the old run is taken over
 *       into the new one.
 *   O5. A partition of a live member moves by hand-off alone. By force only what belongs to a run that is not registered, and
 *       only where the role allows it.
 *   O6. A failure at any step of a hand-off leaves the partition with exactly one owner, who knows it.
 *   O7. Work under way is bounded: claims and loads, moves, gifts, removals, one transaction of at most 64 claims.
 */
export class PartitionOwner<P extends PartitionId> implements OwnedPartitions<P> {
  readonly #context: OwnerContext<P>;
  readonly #nodes: RangeMirror;
  readonly #registration: Registration<P>;
  readonly #assignment: Assignment<P>;
  readonly #held: HeldPartitions<P>;
  readonly #ownKeys: OwnKeys<P>;
  readonly #moves: Moves<P>;
  readonly #giving: Giving<P>;
  readonly #releasing: Releasing<P>;
  readonly #leaving: Leaving<P>;
  readonly #takeover: Takeover<P>;
  readonly #peers: PeerWatch<P>;
  readonly #expiry: ExpiryDelay<P>;
  readonly #claimRetries: RetryTable<P>;
  readonly #moveRetries: RetryTable<P>;
  readonly #loadRetries: RetryTable<P>;
  readonly #planner: Planner<P>;
  readonly #abort = new AbortController();
  readonly #unsubscribe: (() => void)[] = [];
  #planned = false;
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(config: PartitionOwnerConfig<P>, deps: PartitionOwnerDeps<P>) {
    const { handler, handOffClient, probe, session } = deps;
    const { self, space } = config;
    const timing = { ...DEFAULT_TIMING, ...config.timing };
    const report = deps.report ?? (() => undefined);
    const { store, clock, random } = deps;
    const mirrorDeps = { store, clock, random, report };
    this.#nodes = new RangeMirror(prefixRange(keys.nodes(space.role)), mirrorDeps);
    const owners = new RangeMirror(prefixRange(keys.owners(space.role)), mirrorDeps);
    const members = new MemberView(this.#nodes, () => this.#membersChanged());
    const replan = (): void => this.#replan();
    const closed = this.#abort.signal;
    const context = { store, clock, random, session, self, space, timing, owners, members, report, closed, replan };
    this.#context = context;
    this.#claimRetries = new RetryTable(clock, random, timing.retryMinMs, timing.retryMaxMs);
    this.#moveRetries = new RetryTable(clock, random, timing.retryMinMs, timing.retryMaxMs);
    this.#loadRetries = new RetryTable(clock, random, timing.retryMaxMs, MAX_LOAD_BACK_OFF * timing.retryMaxMs);
    this.#assignment = new Assignment(context);
    this.#held = new HeldPartitions(context, handler, {
      succeeded: (partition) => this.#loaded(partition),
      failed: (held) => this.#loadFailed(held),
    });
    this.#ownKeys = new OwnKeys(context, this.#held);
    this.#releasing = new Releasing(context, handler, this.#held, this.#ownKeys);
    this.#moves = new Moves(context, handler, handOffClient, this.#held, this.#ownKeys, this.#moveRetries);
    this.#registration = new Registration(context, this.#nodes, probe);
    this.#leaving = new Leaving(context, this.#held, this.#releasing, this.#registration);
    this.#giving = new Giving(
      context,
      handler,
      this.#held,
      this.#ownKeys,
      (partition) => this.#assignment.of(partition),
      () => timing.maxMoves * (this.#leaving.begun ? 16 : 2),
    );
    this.#takeover = new Takeover(context, this.#nodes, probe);
    this.#peers = new PeerWatch(context, this.#takeover, deps.hold);
    this.#expiry = new ExpiryDelay(context);
    this.#planner = new Planner(context, {
      assignment: this.#assignment,
      held: this.#held,
      claims: new Claims(context, this.#held, this.#claimRetries),
      moves: this.#moves,
      claimRetries: this.#claimRetries,
      moveRetries: this.#moveRetries,
      loadRetries: this.#loadRetries,
      expiry: this.#expiry,
      releasing: this.#releasing.underWay,
    });
  }

  async start(): Promise<void> {
    const { owners, session } = this.#context;
    owners.onChange((changes) => this.#ownersChanged(changes));
    this.#unsubscribe.push(
      session.onLost(() => this.#sessionLost()),
      session.onObtained(() => this.#replan()),
    );
    await Promise.all([owners.start(), this.#nodes.start()]);
    if (this.#abort.signal.aborted) return;
    this.#expiry.listed();
    this.#peers.start();
    this.#replan();
  }

  epochOf(partition: P): number | undefined {
    return this.#held.get(partition)?.epoch;
  }

  owns(partition: P): boolean {
    return this.#held.get(partition) !== undefined;
  }

  owned(): readonly P[] {
    return this.#held.all().map(({ partition }) => partition);
  }

  sessionValid(): boolean {
    return this.#context.session.valid();
  }

  hint(partition: P): OwnerHint | undefined {
    return seenOwner(this.#context, partition);
  }

  fenceCompare(partition: P): Compare {
    const { space } = this.#context;
    const epoch = this.epochOf(partition);
    if (epoch === undefined) throw new OwnershipLostError(space.role, partition);
    return { kind: 'mod', key: space.keyOf(partition), revision: epoch };
  }

  raiseEpoch(partition: P): Promise<number> {
    return this.#ownKeys.raise(partition).finally(() => this.#replan());
  }

  confirmLost(partition: P): Promise<boolean> {
    return this.#ownKeys.confirmLost(partition).finally(() => this.#replan());
  }

  reportUnreachable(memberIdOrAddress: string, evidence: string): Promise<TakeoverOutcome> {
    return this.#takeover.report(memberIdOrAddress, evidence);
  }

  handOff(request: HandOffRequest): Promise<HandOffResult> {
    const { space } = this.#context;
    const partition = this.#held.all().find((held) => held.partition === request.partition)?.partition;
    if (request.role === space.role && partition !== undefined) return this.#giving.handOff(partition, request);
    const asked = this.#assignment.partitions.find((known) => known === request.partition);
    const owner = asked === undefined || request.role !== space.role ? undefined : this.hint(asked);
    return Promise.resolve({ ok: false, reason: 'not-owner', owner });
  }

  refresh(): void {
    this.#assignment.refresh();
    this.#replan();
  }

  leave(deadlineMs: number): Promise<void> {
    this.#moves.cancelAll();
    return this.#leaving.leave(deadlineMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    this.#timer?.cancel();
    this.#peers.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#moves.cancelAll();
    this.#held.dropAll();
    try {
      // Nobody need find out that we do not listen any more.
      await this.#registration.remove();
    } catch (error: unknown) {
      this.#context.report('close', error);
    }
    this.#nodes.close();
    this.#context.owners.close();
  }

  #membersChanged(): void {
    this.#assignment.membersChanged();
    this.#replan();
  }

  #ownersChanged(changes: readonly MirrorChange[]): void {
    const run = this.#context.session.current();
    for (const change of changes) {
      const partition = this.#context.space.partitionOf(change.key);
      if (partition === undefined) continue;
      this.#expiry.changed(partition, change);
      const owner = change.after === undefined ? undefined : ownerOf(change.after);
      if (owner !== undefined && owner.incarnation === run?.incarnation) continue;
      const held = this.#held.get(partition);
      if (held !== undefined && change.revision > held.epoch) this.#held.drop(partition, owner);
    }
    // Keys that turned out to be ours are taken in by the planner.
    this.#replan();
  }

  #sessionLost(): void {
    this.#moves.cancelAll();
    this.#held.dropAll();
    this.#claimRetries.clear();
    this.#moveRetries.clear();
    this.#loadRetries.clear();
    this.#timer?.cancel();
  }

  #loaded(partition: P): void {
    for (const table of [this.#claimRetries, this.#moveRetries, this.#loadRetries]) table.succeeded(partition);
  }

  #loadFailed(held: Held<P>): void {
    this.#claimRetries.failed(held.partition);
    this.#loadRetries.failed(held.partition);
    this.#releasing.givenUp(held);
  }

  /** Looks at everything again, once, after what is going on now. */
  #replan(): void {
    if (this.#planned || this.#abort.signal.aborted) return;
    this.#planned = true;
    this.#context.clock.defer(() => {
      this.#planned = false;
      this.#plan();
    });
  }

  #plan(): void {
    const { session, owners, clock, closed, timing } = this.#context;
    const run = session.current();
    this.#timer?.cancel();
    if (run === undefined || closed.aborted || !owners.ready || !this.#nodes.ready) return;
    const sinceMs = this.#registration.since(run);
    if (this.#leaving.begun) {
      this.#leaving.changed();
      return;
    }
    if (sinceMs === undefined) return;
    for (const held of this.#held.all()) {
      if (!this.#assignment.includes(held.partition)) void this.#releasing.release(held);
    }
    const waitMs = sinceMs + timing.joinDelayMs - clock.monotonicMs();
    const nextMs = waitMs > 0 ? waitMs : this.#planner.plan(run) - clock.monotonicMs();
    if (Number.isFinite(nextMs)) this.#timer = clock.setTimer(Math.max(1, nextMs), () => this.#replan());
  }
}
