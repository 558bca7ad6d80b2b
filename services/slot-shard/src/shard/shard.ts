import type { Clock, Random } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { OwnedPartitions } from '@parkade/ownership';
import { isDark } from '@parkade/presence';
import { type Actor, type Command, type CommandAnswer, Consistency, Reason, type SlotRecord } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { SettingsCache } from '@parkade/settings';
import { type Compare, type Op, type Store, StoreError } from '@parkade/store';
import type { Committer } from '../commit/committer.js';
import type { ReadFence } from '../commit/fence.js';
import type { RevisionFloor } from '../commit/revision-floor.js';
import type { Change, CommittedJournal, Write } from '../commit/write.js';
import type { SlotShardConfig } from '../config.js';
import type { OwnerQuotas } from '../quotas/owner-quotas.js';
import { decideTick } from './decide/decide.js';
import type { DecideContext } from './decide/decision.js';
import { Backlog } from './backlog.js';
import { Execution, type ExecutionHost } from './execution.js';
import type { Failure } from './failures.js';
import { ShardImage } from './image.js';
import { LiveSlots } from './live-slots.js';
import { LoneWrites } from './lone-writes.js';
import { answerOf, outOfTime, type Pending, refusalAnswer } from './pending.js';
import { Recovery, type RecoveryHost } from './recovery.js';
import { Requests } from './requests.js';
import type { SlotEntry } from './slot-table.js';
import { isFull, storeFull } from './store-full.js';
import { WorkUnderWay } from './work-under-way.js';
import { withRevision } from './written-answer.js';

/** What else is known of a record that became durable. */
export interface Changed {
  /** The traceparent of the request that caused it; empty: not traced. */
  readonly trace: string;
  /** Whether the change found the slot's lamp dark, as was told of it; false also where that is not known. */
  readonly wasDark: boolean;
}

const NOTHING_KNOWN: Changed = { trace: '', wasDark: false };

/** What a shard needs of its process. */
export interface ShardDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: SettingsCache;
  readonly ownership: Pick<OwnedPartitions<number>, 'raiseEpoch' | 'confirmLost' | 'hint'>;
  readonly committer: Committer;
  readonly floor: RevisionFloor;
  readonly fence: ReadFence;
  readonly quotas: OwnerQuotas;
  /** Hears of each record that became durable, in the order of each slot. */
  readonly changed: (shard: Shard, key: string, record: SlotRecord, revision: number, how: Changed) => void;
  /** Hears of what was refused for want of room. Not told twice for one request that is asked again later, but perhaps meanwhile. */
  readonly failed: (tenantId: string, failure: Failure) => void;
  /** Hears when time is to act on one of the slots: `tick` then, wall ms. */
  readonly due: (atMs: number) => void;
  /** Hears of each time a shard was read again under a new epoch. */
  readonly recovered: () => void;
}

/**
 * A slot shard this process owns, or is about to.
 *
 *   H1. Commands are decided against committed state only: a slot that is being written makes the next command wait.
 *   H2. An answer that changed something is given after its commit; one that changed nothing, after a fence begun when it was
 *       decided. So every answer was true at some moment between its request and itself.
 *   H3. An unknown outcome is resolved before anything else happens to the shard: the epoch is raised (after which the
 *       unknown write has happened or never will), the shard is read again, and every command asks the journal first.
 *   H4. Every command gets exactly one answer, also when the shard is lost (then `not_owner`).
 *   H5. What waits is bounded: per slot by `maxWaitingPerSlot`, in all by the process's `maxCommands`; whose time is over leaves room for others (`Backlog`).
 *   H6. While the store has no space nobody waits: whoever comes hears STORE_FULL at once, until the shard could be read again.
 */
export class Shard implements ExecutionHost, RecoveryHost {
  readonly ownerKey: string;
  #epoch = 0;
  #state: 'waiting' | 'serving' | 'recovering' | 'lost' = 'waiting';
  #draining = false;
  /** The store takes no writes: its space is used up. */
  #storeFull = false;
  #live: LiveSlots;
  #requests: Requests;
  readonly #execution: Execution;
  /** Commands that wait until the shard serves. */
  readonly #backlog = new Backlog();
  /** Writes that were decided and are not settled, and own reads to wait for. */
  readonly #work = new WorkUnderWay();
  readonly #recovery: Recovery;
  #journalCount = 0;

  constructor(
    readonly number: number,
    private readonly shardCount: number,
    private readonly config: SlotShardConfig,
    private readonly deps: ShardDeps,
  ) {
    const { store, clock, floor } = deps;
    this.ownerKey = keys.owner('slot-shard', number);
    this.#live = new LiveSlots(new ShardImage(number, deps.random));
    this.#requests = new Requests(0, config.limits.horizonMs, clock, deps.random);
    const lone = new LoneWrites(this, store, clock, floor, config.limits.transactionTimeoutMs);
    this.#execution = new Execution(this, lone, deps);
    this.#recovery = new Recovery(this, this.#work, deps, config.limits.loadSliceMs);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The committed slots; replaced as a whole when the shard is read again. */
  get live(): LiveSlots {
    return this.#live;
  }

  get requests(): Requests {
    return this.#requests;
  }

  /** Every change of the shard at or below this revision is known here, and was told. */
  get knownRevision(): number {
    return this.recovers() ? this.#recovery.knownBefore : this.#live.knownRevision(this.deps.floor.floor());
  }

  /** Whether commands are executed as they come. */
  get serving(): boolean {
    return this.#state === 'serving' && !this.#draining;
  }

  /** Serves what was read from the store, under this epoch. */
  install(image: ShardImage, epoch: number): void {
    const { limits } = this.config;
    this.#epoch = epoch;
    this.#live.table.retire();
    this.#live = new LiveSlots(image, this.deps.quotas.use, this.deps.due);
    this.#requests = new Requests(image.mark.journalFloorMs, limits.horizonMs, this.deps.clock, this.deps.random);
    const commits = [...image.journal.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { key, entry, revision, value } of commits) this.#requests.journal.add(key, entry, revision, value);
    this.#serve();
  }

  /** Takes a command. Its `reply` is called once, now or later. */
  submit(pending: Pending): void {
    if (this.#state === 'lost') this.give(pending, this.#notOwner());
    else if (this.serving || (this.recovers() && isUnfencedRead(pending.command))) this.#execution.run(pending);
    else if (this.#storeFull) this.give(pending, storeFull());
    else this.#waitToServe(pending);
  }

  #waitToServe(pending: Pending): void {
    for (const late of this.#backlog.push(pending, this.deps.clock.monotonicMs())) this.give(late, outOfTime());
  }

  /** Lets time act on the slots whose time has come. */
  tick(): void {
    if (!this.serving) return;
    for (const entry of this.#live.due(this.deps.clock.nowMs())) {
      if (entry.held) {
        this.#execution.settle(entry, undefined, undefined);
        continue;
      }
      try {
        const change = this.tickChange(entry);
        if (change !== undefined) this.#execution.write([change]);
      } catch (error) {
        this.#execution.defect(error);
      }
    }
  }

  /** Admits nothing more; resolves when everything under way is written, or the shard is lost. */
  async drain(): Promise<void> {
    this.#draining = true;
    const busy = (): boolean => !this.#work.none || this.#requests.busy || this.#state !== 'serving';
    while (busy() && this.#state !== 'lost') await this.#work.next();
  }

  /** The hand-off did not come about: goes on. */
  undrain(epoch: number): void {
    this.#draining = false;
    if (this.#state !== 'serving') return;
    this.#epoch = epoch;
    this.#serve();
  }

  /** The shard is not ours any more. Everything that waits hears who has it. */
  lose(): void {
    if (this.#state === 'lost') return;
    this.#state = 'lost';
    this.#live.table.retire();
    const waiting = [...this.#live.table.entries()].flatMap(takeWaiting);
    const all = [...this.withdraw(), ...this.#backlog.take(), ...this.#recovery.take(), ...waiting];
    for (const pending of all) this.give(pending, this.#notOwner());
    this.#work.told();
  }

  // --- what the committer and lone writes settle ---------------------------------------------------------------------

  nextJournalKey(): string {
    return keys.journalEntry(this.number, `${pad(this.#epoch)}-${pad(++this.#journalCount)}`);
  }

  committed(writes: readonly Write[], revision: number, commit: CommittedJournal): void {
    this.#work.end(writes.length);
    // Lost or being read again, it is durable all the same, and whoever reads the shard next reads it.
    const current = this.#state === 'serving';
    if (current) {
      const { journalKey, journal, journalBytes } = commit;
      if (journalBytes !== undefined) this.#requests.journal.add(journalKey, journal, revision, journalBytes);
      for (const { changes, pending } of writes) {
        for (const { entry, record } of changes) {
          const wasDark = isDark(entry.record);
          this.#live.committed(entry, record, revision);
          this.changed(entry, record, revision, { trace: pending?.command.trace ?? '', wasDark });
        }
      }
    }
    for (const { pending, answer } of writes) {
      if (pending === undefined || answer === undefined) continue;
      // The move a hold allows would be a second change of the slot that was not heard of here: told after the recovery.
      if (!current && answer.result?.$case === 'hold') this.#unheard(pending);
      else this.give(pending, withRevision(answer, revision));
    }
    if (current) for (const { changes } of writes) for (const { entry } of changes) this.wake(entry);
    this.#work.told();
  }

  unapplied(writes: readonly Write[]): void {
    if (this.#state === 'serving') for (const write of writes) this.deps.committer.enqueue(write);
    else this.#unsettled(writes);
  }

  fenced(writes: readonly Write[]): void {
    this.#unsettled(writes);
  }

  unknown(writes: readonly Write[], error: unknown): void {
    this.deps.log.warn('commit outcome unknown', { shard: this.number, writes: writes.length, error: String(error) });
    this.#unsettled(writes);
    // The recovery waits for space as well: until then nobody else need wait.
    if (isFull(error)) this.refuseAll();
  }

  servesStill(live: LiveSlots): boolean {
    return this.#state === 'serving' && this.#live === live;
  }

  beginLone(): void {
    this.#work.begin();
  }

  endLone(): void {
    this.#work.end();
    this.#work.told();
  }

  executes(pending: Pending, requestId: string): void {
    this.#requests.begin(pending, requestId);
  }

  changed(entry: SlotEntry, record: SlotRecord, revision: number, how = NOTHING_KNOWN): void {
    this.deps.changed(this, entry.key, record, revision, how);
  }

  tickChange(entry: SlotEntry): Change | undefined {
    return decideTick(entry, this.context());
  }

  // --- what the execution asks for -----------------------------------------------------------------------------------

  context(by?: Actor): DecideContext {
    const { settings, clock, random, quotas } = this.deps;
    const { table } = this.#live;
    return {
      shard: this.number,
      shardCount: this.shardCount,
      epoch: this.#epoch,
      table,
      settings,
      clock,
      random,
      quotas,
      by,
    };
  }

  writeBegun(): void {
    this.#work.begin();
  }

  refuted(pending: Pending, epoch: number): void {
    if (epoch === this.#epoch) void this.#recover();
    // What is known here would be refuted once more: after the recovery.
    if (this.recovers()) this.#waitToServe(pending);
    else this.submit(pending);
  }

  wait(pending: Pending, entry: SlotEntry): void {
    entry.waiting ??= [];
    if (entry.waiting.length < this.config.limits.maxWaitingPerSlot) entry.waiting.push(pending);
    else this.give(pending, refusalAnswer(Reason.OVERLOADED, 'Too many commands wait for this slot.'));
  }

  /** The slot is not being written any more: those who waited are decided, until one of them writes. */
  wake(entry: SlotEntry): void {
    for (const pending of takeWaiting(entry)) this.submit(pending);
  }

  /** Answers a command and those who asked the same. */
  give(pending: Pending, answer: CommandAnswer): void {
    const joined = this.#requests.settle(pending);
    pending.reply(answer);
    for (const other of joined) other.reply({ ...answer });
  }

  // --- upkeep --------------------------------------------------------------------------------------------------------

  /**
   * Runs a fenced transaction of upkeep. Resolves to whether it came about; where that is not known, or the epoch has passed, the
   * shard is read again.
   */
  async maintain(success: readonly Op[]): Promise<boolean> {
    if (this.#state !== 'serving') return false;
    const { store, floor, log } = this.deps;
    const compare: Compare = { kind: 'mod', key: this.ownerKey, revision: this.#epoch };
    const options = { timeoutMs: this.config.limits.transactionTimeoutMs };
    const end = floor.begin();
    this.beginLone();
    let succeeded = false;
    let [refused, full] = [false, false];
    try {
      const result = await store.txn({ compare: [compare], success }, options);
      floor.see(result.revision);
      ({ succeeded } = result);
    } catch (error) {
      refused = error instanceof StoreError && !error.unknownOutcome;
      full = isFull(error);
      log.warn('upkeep failed', { shard: this.number, error: String(error) });
    }
    end();
    this.endLone();
    if (!succeeded && !refused) void this.#recover();
    if (full) this.refuseAll();
    return succeeded;
  }

  /** The tombstones stay for now. */
  notCollected(live: LiveSlots, entries: readonly SlotEntry[]): void {
    if (!this.servesStill(live)) return;
    for (const entry of entries) {
      live.notCollected(entry);
      this.wake(entry);
    }
  }

  /** The tombstones are deleted from the store. */
  collected(live: LiveSlots, entries: readonly SlotEntry[]): void {
    if (!this.servesStill(live)) return;
    for (const entry of entries) {
      live.collected(entry);
      this.wake(entry);
      live.table.dropUnused(entry);
    }
  }

  // --- recovery ------------------------------------------------------------------------------------------------------

  #unsettled(writes: readonly Write[]): void {
    this.#work.end(writes.length);
    for (const pending of pendings(writes)) this.#unheard(pending);
    void this.#recover();
    this.#work.told();
  }

  /** What became of the command is to be found out, here or by whoever owns the shard then. */
  #unheard(pending: Pending): void {
    if (this.#state === 'lost') this.give(pending, this.#notOwner());
    else this.#recovery.unresolved(pending);
  }

  /** Whether it was read from the store once. */
  get installed(): boolean {
    return this.#state !== 'waiting';
  }

  /** Reads everything again under a new epoch, after what is under way; resolves when it serves again, or is lost. */
  reload(): Promise<void> {
    return this.#recover();
  }

  /** H3. Also where a fence did not hold: either the shard is lost, or its epoch was raised. */
  #recover(): Promise<void> {
    if (this.#state !== 'serving') return this.#recovery.done;
    const { knownRevision } = this;
    this.#state = 'recovering';
    return this.#recovery.begin(knownRevision);
  }

  recovers(): boolean {
    return this.#state === 'recovering';
  }

  /** H6. What became of writes under way is found out on a retry with the same request id, once there is space. */
  refuseAll(): void {
    if (!this.recovers()) return;
    this.#storeFull = true;
    const waiting = [...this.#live.table.entries()].flatMap(takeWaiting);
    const all = [...this.#recovery.take(), ...this.#backlog.take(), ...waiting];
    for (const pending of all) this.give(pending, storeFull());
  }

  reinstall(image: ShardImage, epoch: number): void {
    const before = this.#live.table;
    const waiting = [...before.entries()].flatMap(takeWaiting);
    this.#backlog.prepend([...this.#recovery.take(), ...waiting, ...this.#requests.takeJoined()]);
    this.install(image, epoch);
    // What was written meanwhile without our hearing of it is told now, one change a slot.
    for (const { key, name, record, revision } of this.#live.table.all(this.#recovery.knownBefore)) {
      if (revision > before.revisionOf(name)) this.deps.changed(this, key, record, revision, NOTHING_KNOWN);
    }
    this.#work.told();
  }

  #serve(): void {
    this.#state = 'serving';
    this.#storeFull = false;
    if (this.#draining) return;
    // What came due while nothing was served is looked at now.
    const { nextDueMs } = this.#live;
    if (nextDueMs !== undefined) this.deps.due(nextDueMs);
    for (const pending of this.#backlog.take()) this.submit(pending);
  }

  withdraw(): readonly Pending[] {
    const writes = this.deps.committer.withdraw(this);
    this.#work.end(writes.length);
    return pendings(writes);
  }

  #notOwner(): CommandAnswer {
    const hint = this.deps.ownership.hint(this.number);
    const elsewhere = hint !== undefined && hint.epoch !== this.#epoch;
    const value = elsewhere ? { address: hint.address, epoch: hint.epoch } : { address: '', epoch: 0 };
    return answerOf({ $case: 'notOwner', value });
  }
}

/** A read that may be answered with what was known last. */
function isUnfencedRead({ op }: Command): boolean {
  return (op?.$case === 'getSlot' || op?.$case === 'getPark') && op.value.consistency === Consistency.UNFENCED;
}

function takeWaiting(entry: SlotEntry): readonly Pending[] {
  const waiting = entry.waiting ?? [];
  entry.waiting = undefined;
  return waiting;
}

function pendings(writes: readonly Write[]): Pending[] {
  return writes.flatMap(({ pending }) => (pending === undefined ? [] : [pending]));
}

function pad(count: number): string {
  return count.toString().padStart(16, '0');
}
