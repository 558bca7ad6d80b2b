import type { Clock, Random } from '@parkade/clock';
import { keys, requestIdTimeMs } from '@parkade/ids';
import type { OwnedPartitions } from '@parkade/ownership';
import { CommandAnswer, JournalEntry, type JournaledAnswer, Reason, SlotRecord } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { SettingsCache } from '@parkade/settings';
import type { Compare, Op, Store } from '@parkade/store';
import TinyQueue from 'tinyqueue';
import type { Committer } from '../commit/committer.js';
import type { ReadFence } from '../commit/fence.js';
import type { Change, CommittedJournal, Write, WriteSource } from '../commit/write.js';
import type { SlotShardConfig } from '../config.js';
import { nextDueMs, step } from '../machine/index.js';
import { type AcrossTo, decide, decideTick, type DecideContext, type Decision } from './decide.js';
import type { ShardImage } from './image.js';
import { loadShard } from './image.js';
import { decodeAnswer, RequestJournal, withRevision } from './journal.js';
import { asked } from './operation.js';
import { answerOf, type Pending, refusalAnswer } from './pending.js';
import { decideRoute } from './route.js';
import { type SlotEntry, SlotTable } from './slot-table.js';

/** What a shard needs of its process. */
export interface ShardDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: SettingsCache;
  readonly ownership: Pick<OwnedPartitions<number>, 'owns' | 'raiseEpoch' | 'confirmLost' | 'hint'>;
  readonly committer: Committer;
  readonly fence: ReadFence;
  /** Hears of each record that became durable, in the order of each slot. */
  readonly changed: (shard: Shard, key: string, record: SlotRecord, revision: number) => void;
}

interface Due {
  readonly atMs: number;
  readonly entry: SlotEntry;
}

/**
 * A slot shard this process owns, or is about to.
 *
 *   H1. Commands are decided against committed state only: a slot that is being written makes the next command wait.
 *   H2. An answer that changed something is given after its commit; one that changed nothing, after a fence begun when it was
 *       decided. So every answer was true at some moment between its request and itself.
 *   H3. A request id is executed at most once: applied ids answer from the journal, those under way are joined.
 *   H4. An unknown outcome is resolved before anything else happens to the shard: the epoch is raised (after which the
 *       unknown write has happened or never will), the shard is read again, and every command asks the journal first.
 *   H5. Every command gets exactly one answer, also when the shard is lost (then `not_owner`).
 *   H6. What waits is bounded: per slot by `maxWaitingPerSlot`, in all by the process's `maxCommands`.
 */
export class Shard implements WriteSource {
  readonly ownerKey: string;
  #epoch = 0;
  #state: 'waiting' | 'serving' | 'recovering' | 'lost' = 'waiting';
  #draining = false;
  #table: SlotTable;
  #journal = new RequestJournal(0);
  /** Commands that wait until the shard serves. */
  #backlog: Pending[] = [];
  /** Requests being executed, and who else asked the same. */
  readonly #flying = new Map<string, { readonly leader: Pending; readonly joined: Pending[] }>();
  #due = new TinyQueue<Due>([], (a, b) => a.atMs - b.atMs);
  #underWay = 0;
  #journalCount = 0;
  #quiet: (() => void)[] = [];
  #unresolved: Pending[] = [];
  /** The revision of the last record this shard has seen. */
  #revision = 0;
  #gcRevision = 0;

  constructor(
    readonly number: number,
    readonly shardCount: number,
    readonly config: SlotShardConfig,
    private readonly deps: ShardDeps,
  ) {
    this.ownerKey = keys.owner('slot-shard', number);
    this.#table = new SlotTable(number, shardCount);
  }

  get epoch(): number {
    return this.#epoch;
  }

  get table(): SlotTable {
    return this.#table;
  }

  get journal(): RequestJournal {
    return this.#journal;
  }

  get serving(): boolean {
    return this.#state === 'serving' && !this.#draining;
  }

  /** Everything the shard has seen is at or below this revision. */
  get revision(): number {
    return this.#revision;
  }

  /** Tombstones up to this revision may be gone. */
  get gcRevision(): number {
    return this.#gcRevision;
  }

  /** Whether nothing is being written or waits to be. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#flying.size === 0;
  }

  /** Starts to serve what was read from the store, under this epoch. */
  install(image: ShardImage, epoch: number): void {
    this.#epoch = epoch;
    this.#table = new SlotTable(this.number, this.shardCount);
    this.#journal = new RequestJournal(image.mark.journalFloorMs);
    this.#due = new TinyQueue<Due>([], (a, b) => a.atMs - b.atMs);
    this.#gcRevision = Math.max(this.#gcRevision, image.mark.gcRevision);
    for (const { record, revision } of image.slots.values()) {
      if (record.name === undefined) continue;
      const { tenantId, lotId, slot } = record.name;
      const entry = this.#table.entry(tenantId, lotId, slot);
      this.#table.install(entry, record, revision);
      this.#schedule(entry);
    }
    for (const [lot, cursor] of Object.entries(image.mark.cursors)) this.#table.restoreCursor(lot, cursor);
    const commits = [...image.journal.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { key, entry, revision, bytes } of commits) this.#journal.add(key, entry, revision, bytes);
    this.#revision = Math.max(this.#revision, image.revision, epoch);
    this.#serve();
  }

  /** Takes a command. Its `reply` is called once, now or later. */
  submit(pending: Pending): void {
    if (this.#state === 'lost') pending.reply(this.#notOwner());
    else if (this.serving) this.#execute(pending);
    else this.#backlog.push(pending);
  }

  /** Lets time act on the slots whose time has come. */
  tick(): void {
    if (this.#state !== 'serving') return;
    const nowMs = this.deps.clock.nowMs();
    for (let due = this.#due.peek(); due !== undefined && due.atMs <= nowMs; due = this.#due.peek()) {
      this.#due.pop();
      const { entry } = due;
      // A slot being written schedules itself again once that is durable.
      if (entry.writing || entry.record === undefined || (nextDueMs(entry.record) ?? Infinity) > nowMs) continue;
      if (entry.held) {
        void this.#settle(entry, undefined, undefined);
        continue;
      }
      const change = decideTick(entry, this.#context());
      if (change !== undefined) this.#write([change], undefined, undefined, undefined);
    }
  }

  /** Admits nothing more; resolves when everything under way is written. */
  async drain(): Promise<void> {
    this.#draining = true;
    while (!(this.idle && this.#state === 'serving') && this.#state !== 'lost') {
      await new Promise<void>((resolve) => this.#quiet.push(resolve));
    }
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
    this.#refuseAll(this.#withdraw());
    this.#sendAway();
  }

  // --- WriteSource ---------------------------------------------------------------------------------------------------

  nextJournalKey(): string {
    const order = `${pad(this.#epoch)}-${pad(++this.#journalCount)}`;
    return keys.journalEntry(this.number, order);
  }

  committed(writes: readonly Write[], revision: number, commit: CommittedJournal): void {
    this.#underWay -= writes.length;
    if (this.#state === 'lost') {
      // It is durable all the same: the next owner has read it.
      this.#answerAll(writes, revision);
      return;
    }
    if (commit.journalBytes !== undefined) {
      this.#journal.add(commit.journalKey, commit.journal, revision, commit.journalBytes.length);
    }
    this.#revision = Math.max(this.#revision, revision);
    for (const { changes } of writes) for (const { entry, record } of changes) this.#installed(entry, record, revision);
    this.#answerAll(writes, revision);
    for (const { changes } of writes) for (const { entry } of changes) this.#wake(entry);
    this.#settleQuiet();
  }

  unapplied(writes: readonly Write[]): void {
    if (this.#state === 'serving') {
      for (const write of writes) this.deps.committer.enqueue(write);
      return;
    }
    this.#underWay -= writes.length;
    if (this.#state === 'lost') this.#refuseAll(writes);
    else this.#unresolved.push(...pendings(writes));
    this.#settleQuiet();
  }

  fenced(writes: readonly Write[]): void {
    this.#underWay -= writes.length;
    if (this.#state === 'lost') this.#refuseAll(writes);
    else {
      this.#unresolved.push(...pendings(writes));
      void this.#recover();
    }
    this.#settleQuiet();
  }

  unknown(writes: readonly Write[], error: unknown): void {
    this.#underWay -= writes.length;
    this.deps.log.warn('commit outcome unknown', { shard: this.number, writes: writes.length, error: String(error) });
    if (this.#state === 'lost') this.#refuseAll(writes);
    else {
      this.#unresolved.push(...pendings(writes));
      void this.#recover();
    }
    this.#settleQuiet();
  }

  // --- executing -----------------------------------------------------------------------------------------------------

  #execute(pending: Pending): void {
    const { command } = pending;
    const { op } = command;
    const { clock, settings } = this.deps;
    if (clock.monotonicMs() >= pending.deadlineMs) {
      this.#give(pending, refusalAnswer(Reason.DEADLINE, 'The time the caller allows is over.'));
      return;
    }
    if (op === undefined) {
      this.#give(pending, refusalAnswer(Reason.MALFORMED_MESSAGE, 'The command has no operation this version knows.'));
      return;
    }
    if (!settings.hasSeen(command.settingsRevision)) {
      const leftMs = pending.deadlineMs - clock.monotonicMs();
      void settings.waitFor(command.settingsRevision, leftMs).then((seen) => {
        if (seen) this.submit(pending);
        else
          this.#give(
            pending,
            refusalAnswer(Reason.STORE_UNAVAILABLE, 'The settings of this owner lag behind; ask again.'),
          );
      });
      return;
    }
    const { requestId, tenantId } = asked(op);
    if (requestId !== undefined && this.#known(pending, requestId)) return;
    const tenant = settings.tenant(tenantId);
    if (tenant === undefined) {
      const message = `There is no tenant ${tenantId}.`;
      this.#prove(pending, refusalAnswer(Reason.TENANT_NOT_FOUND, message, { tenant_id: tenantId }));
      return;
    }
    if (op.$case === 'routeChoice') {
      const answer = decideRoute(op.value, tenant.lot(op.value.lotId), undefined);
      if (answer.result?.$case === 'route') this.#write([], pending, answer, requestId);
      else this.#prove(pending, answer);
      return;
    }
    const decision = decide(command, op, tenant, this.#context());
    this.#act(pending, decision, requestId);
  }

  #act(pending: Pending, decision: Decision, requestId: string | undefined): void {
    switch (decision.kind) {
      case 'write':
        this.#write(decision.changes, pending, decision.answer, requestId);
        return;
      case 'wait':
        this.#wait(pending, decision.entry);
        return;
      case 'answer':
        // Beyond its home, a routed choice that finds its part full is remembered, so that a replay cannot find room later.
        if (decision.answer.result?.$case === 'partFull' && pending.command.part > 0) {
          this.#write([], pending, decision.answer, requestId);
        } else if (decision.fence) this.#prove(pending, decision.answer);
        else this.#give(pending, decision.answer);
        return;
      case 'move-across':
        void this.#moveAcross(pending, decision.change, decision.to, decision.answer, requestId ?? '');
        return;
      case 'settle':
        void this.#settle(decision.entry, decision.drop ? decision.moveId : undefined, pending);
    }
  }

  /** Whether the request was answered, is being executed, or may not be executed any more. Then the answer is on its way. */
  #known(pending: Pending, requestId: string): boolean {
    const { command } = pending;
    const remembered = this.#journal.find(requestId);
    if (remembered !== undefined) {
      if (remembered.fingerprint !== command.fingerprint) {
        this.#prove(pending, reused());
        return true;
      }
      const answer = decodeAnswer(remembered);
      // A choice that was routed goes on from there: only its next step is decided anew.
      if (command.op?.$case === 'routeChoice' && answer.result?.$case === 'route') {
        if (command.op.value.step <= answer.result.value.step) {
          this.#prove(pending, answer);
          return true;
        }
        const tenant = this.deps.settings.tenant(command.op.value.tenantId);
        const next = decideRoute(command.op.value, tenant?.lot(command.op.value.lotId), answer.result.value);
        this.#join(pending, requestId, () => this.#write([], pending, next, requestId));
        return true;
      }
      this.#prove(pending, answer);
      return true;
    }
    const flying = this.#flying.get(requestId);
    if (flying !== undefined) {
      if (flying.leader.command.fingerprint === command.fingerprint) flying.joined.push(pending);
      else this.#prove(pending, reused());
      return true;
    }
    const madeMs = requestIdTimeMs(requestId);
    const oldestMs = Math.max(this.#journal.floorMs + 1, this.deps.clock.nowMs() - this.config.limits.horizonMs);
    if (madeMs === undefined || madeMs < oldestMs) {
      // Ids of the recall service are derived, not made at a time; the attempt number fences those.
      if (madeMs === undefined && isRecall(command.op?.$case)) return false;
      const message = 'The request id is older than the time answers are remembered for; make a new one.';
      this.#prove(
        pending,
        refusalAnswer(Reason.REQUEST_TOO_OLD, message, { horizon_ms: String(this.config.limits.horizonMs) }),
      );
      return true;
    }
    return false;
  }

  #join(pending: Pending, requestId: string, start: () => void): void {
    const flying = this.#flying.get(requestId);
    if (flying === undefined) start();
    else flying.joined.push(pending);
  }

  #write(
    changes: readonly Change[],
    pending: Pending | undefined,
    answer: CommandAnswer | undefined,
    requestId: string | undefined,
  ): void {
    for (const { entry, record } of changes) this.#table.claim(entry, record.parks.at(-1)?.call);
    this.#fly(pending, requestId);
    const journal = this.#journalled(pending, answer, requestId);
    this.#underWay++;
    this.deps.committer.enqueue({ source: this, changes, pending, answer, journal });
  }

  #fly(pending: Pending | undefined, requestId: string | undefined): void {
    if (pending === undefined || requestId === undefined) return;
    this.#flying.set(requestId, { leader: pending, joined: [] });
  }

  #journalled(
    pending: Pending | undefined,
    answer: CommandAnswer | undefined,
    requestId: string | undefined,
  ): JournaledAnswer | undefined {
    if (pending === undefined || answer === undefined || requestId === undefined) return undefined;
    const bytes = Buffer.from(CommandAnswer.encode(answer).finish());
    return { requestId, fingerprint: pending.command.fingerprint, answer: bytes };
  }

  #wait(pending: Pending, entry: SlotEntry): void {
    entry.waiting ??= [];
    if (entry.waiting.length >= this.config.limits.maxWaitingPerSlot) {
      this.#give(pending, refusalAnswer(Reason.OVERLOADED, 'Too many commands wait for this slot.'));
      return;
    }
    entry.waiting.push(pending);
  }

  /** Gives an answer that changed nothing once it is proved that this process was the owner when it was decided. */
  #prove(pending: Pending, answer: CommandAnswer): void {
    const epoch = this.#epoch;
    this.deps.fence.check({ shard: this.number, ownerKey: this.ownerKey, epoch }, (result) => {
      if (result === 'yes') {
        answer.fenced = true;
        this.#give(pending, answer);
      } else if (result === 'no') {
        if (epoch === this.#epoch) void this.#recover();
        this.submit(pending);
      } else {
        const message = 'The store did not answer; ask again with the same request id.';
        this.#give(pending, refusalAnswer(Reason.STORE_UNAVAILABLE, message));
      }
    });
  }

  /** Answers a command and those who asked the same. */
  #give(pending: Pending, answer: CommandAnswer): void {
    const requestId = pending.command.op === undefined ? undefined : asked(pending.command.op).requestId;
    const flying = requestId === undefined ? undefined : this.#flying.get(requestId);
    pending.reply(answer);
    if (requestId === undefined || flying?.leader !== pending) return;
    this.#flying.delete(requestId);
    for (const joined of flying.joined) joined.reply({ ...answer });
  }

  // --- slots ---------------------------------------------------------------------------------------------------------

  #installed(entry: SlotEntry, record: SlotRecord, revision: number): void {
    this.#table.install(entry, record, revision);
    entry.held = record.parks.some((park) => park.state?.$case === 'incoming');
    this.#schedule(entry);
    this.deps.changed(this, entry.key, record, revision);
  }

  #schedule(entry: SlotEntry): void {
    const atMs = entry.record === undefined ? undefined : nextDueMs(entry.record);
    if (atMs !== undefined) this.#due.push({ atMs, entry });
  }

  /** The slot is not being written any more: those who waited are decided, until one of them writes. */
  #wake(entry: SlotEntry): void {
    const { waiting } = entry;
    entry.waiting = undefined;
    if (waiting === undefined) return;
    for (const pending of waiting) this.submit(pending);
  }

  /** The tombstone of a slot was deleted at this revision. */
  collected(entry: SlotEntry, revision: number): void {
    this.#gcRevision = Math.max(this.#gcRevision, entry.revision);
    this.#revision = Math.max(this.#revision, revision);
    this.#table.remove(entry);
  }

  // --- moves between shards ------------------------------------------------------------------------------------------

  async #moveAcross(
    pending: Pending,
    change: Change,
    to: AcrossTo,
    answer: CommandAnswer,
    requestId: string,
  ): Promise<void> {
    const name = to.record.name;
    const journal = this.#journalled(pending, answer, requestId);
    if (name === undefined || journal === undefined) {
      this.#give(pending, refusalAnswer(Reason.INTERNAL, 'The hold names no slot.'));
      return;
    }
    this.#table.claim(change.entry, undefined);
    this.#fly(pending, requestId);
    const toKey = keys.slot(to.shard, name.tenantId, name.lotId, name.slot);
    const toOwner = keys.owner('slot-shard', to.shard);
    const commit = this.#commitAlone([{ entry: change.entry, record: change.record }], pending, answer, journal);
    await this.#alone(
      commit,
      [
        { kind: 'mod', key: toOwner, revision: to.epoch },
        { kind: 'mod', key: toKey, revision: to.recordRevision },
      ],
      [{ kind: 'put', key: toKey, value: SlotRecord.encode(to.record).finish() }],
      () => {
        const message = 'The destination changed hands while the call was being moved; hold its slot again.';
        this.#unclaim(change.entry);
        this.#give(pending, refusalAnswer(Reason.WRONG_STATE, message, { retry: 'hold' }));
        this.#wake(change.entry);
      },
    );
  }

  /** Reads a held slot again; where the move has not come and the hold is over or to be dropped, ends it. */
  async #settle(entry: SlotEntry, dropMoveId: string | undefined, pending: Pending | undefined): Promise<void> {
    if (entry.writing) {
      if (pending !== undefined) this.#wait(pending, entry);
      return;
    }
    entry.writing = true;
    const done = (): void => {
      if (pending !== undefined) this.#give(pending, answerOf(undefined));
    };
    this.#underWay++;
    const stored = await this.deps.store.get(entry.key).catch((error: unknown) => error);
    this.#underWay--;
    if (this.#state === 'lost' || this.#table.find(entry.name.tenantId, entry.name.lotId, entry.name.slot) !== entry) {
      done();
      this.#settleQuiet();
      return;
    }
    entry.writing = false;
    if (stored instanceof Error || stored === undefined) {
      this.#schedule(entry);
      done();
    } else if ((stored as { modRevision: number }).modRevision !== entry.revision) {
      const { value, modRevision } = stored as { value: Uint8Array; modRevision: number };
      this.#revision = Math.max(this.#revision, modRevision);
      this.#installed(entry, SlotRecord.decode(value), modRevision);
      done();
    } else {
      await this.#endHold(entry, dropMoveId);
      done();
    }
    this.#wake(entry);
    this.#settleQuiet();
  }

  async #endHold(entry: SlotEntry, dropMoveId: string | undefined): Promise<void> {
    const change = dropMoveId === undefined ? decideTick(entry, this.#context()) : this.#dropHold(entry, dropMoveId);
    if (change === undefined) {
      this.#schedule(entry);
      return;
    }
    this.#table.claim(entry, undefined);
    const write = this.#commitAlone([change], undefined, undefined, undefined);
    await this.#alone(write, [{ kind: 'mod', key: entry.key, revision: entry.revision }], [], () => {
      this.#unclaim(entry);
      // The move came just now: the next look finds it.
      this.#due.push({ atMs: this.deps.clock.nowMs(), entry });
    });
  }

  #dropHold(entry: SlotEntry, moveId: string): Change | undefined {
    const context = { nowMs: this.deps.clock.nowMs(), name: entry.name, capacity: 1, transferGraceMs: 0 };
    const result = step(entry.record, { kind: 'drop-hold', moveId }, context);
    return result.kind === 'apply' ? { entry, record: result.record } : undefined;
  }

  #unclaim(entry: SlotEntry): void {
    entry.writing = false;
  }

  #commitAlone(
    changes: readonly Change[],
    pending: Pending | undefined,
    answer: CommandAnswer | undefined,
    journal: JournaledAnswer | undefined,
  ): Write {
    return { source: this, changes, pending, answer, journal };
  }

  /** Commits one write in a transaction of its own that compares more than the epoch. `mismatch`: nothing was written. */
  async #alone(write: Write, compare: readonly Compare[], puts: readonly Op[], mismatch: () => void): Promise<void> {
    const { store, clock } = this.deps;
    const answers = write.journal === undefined ? [] : [write.journal];
    const journal = { answers, atMs: clock.nowMs() };
    const journalBytes = answers.length === 0 ? undefined : JournalEntry.encode(journal).finish();
    const journalKey = this.nextJournalKey();
    const success: Op[] = [
      ...write.changes.map(({ entry, record }): Op => ({
        kind: 'put',
        key: entry.key,
        value: SlotRecord.encode(record).finish(),
      })),
      ...puts,
      ...(journalBytes === undefined ? [] : [{ kind: 'put' as const, key: journalKey, value: journalBytes }]),
    ];
    const own: Compare = { kind: 'mod', key: this.ownerKey, revision: this.#epoch };
    const failure: Op[] = [{ kind: 'get', range: { start: this.ownerKey }, keysOnly: true }];
    this.#underWay++;
    try {
      const txn = { compare: [own, ...compare], success, failure };
      const result = await store.txn(txn, { timeoutMs: this.config.limits.transactionTimeoutMs });
      if (result.succeeded) this.committed([write], result.revision, { journalKey, journal, journalBytes });
      else if (result.results[0]?.[0]?.modRevision === own.revision) {
        this.#underWay--;
        if (this.#state === 'serving') mismatch();
        else if (this.#state === 'lost') this.#refuseAll([write]);
        else this.#unresolved.push(...pendings([write]));
        this.#settleQuiet();
      } else this.fenced([write]);
    } catch (error) {
      this.unknown([write], error);
    }
  }

  // --- recovery ------------------------------------------------------------------------------------------------------

  /** H4. Also where a fence did not hold: either the shard is lost, or the epoch was raised. */
  async #recover(): Promise<void> {
    if (this.#state !== 'serving') return;
    this.#state = 'recovering';
    const { ownership, store, clock, log } = this.deps;
    this.#unresolved.push(...pendings(this.#withdraw()));
    for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 2_000)) {
      while (this.#underWay > 0 && this.#still('recovering'))
        await new Promise<void>((resolve) => this.#quiet.push(resolve));
      if (!this.#still('recovering')) return;
      try {
        if (await ownership.confirmLost(this.number)) return;
        const epoch = await ownership.raiseEpoch(this.number);
        const image = await loadShard(store, this.number, clock, this.config.limits.loadSliceMs);
        if (!this.#still('recovering')) return;
        log.info('shard recovered', { shard: this.number, epoch });
        this.#reinstall(image, epoch);
        return;
      } catch (error) {
        log.warn('shard recovery failed, trying again', { shard: this.number, error: String(error) });
        await new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve));
      }
    }
  }

  #still(state: 'recovering'): boolean {
    return this.#state === state;
  }

  #reinstall(image: ShardImage, epoch: number): void {
    const before = this.#table;
    const again = [...this.#unresolved, ...[...before.allEntries()].flatMap((entry) => entry.waiting ?? [])];
    this.#unresolved = [];
    for (const { joined } of this.#flying.values()) again.push(...joined);
    this.#flying.clear();
    this.#backlog = [...again, ...this.#backlog];
    this.install(image, epoch);
    for (const entry of this.#table.all()) {
      const known = before.find(entry.name.tenantId, entry.name.lotId, entry.name.slot)?.revision ?? 0;
      if (entry.record !== undefined && entry.revision > known) {
        this.deps.changed(this, entry.key, entry.record, entry.revision);
      }
    }
    this.#settleQuiet();
  }

  #serve(): void {
    this.#state = 'serving';
    if (this.#draining) return;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const pending of backlog) this.submit(pending);
  }

  #sendAway(): void {
    const answer = this.#notOwner();
    const waiting = [...this.#table.allEntries()].flatMap((entry) => {
      const commands = entry.waiting ?? [];
      entry.waiting = undefined;
      return commands;
    });
    const all = [...this.#backlog, ...this.#unresolved, ...waiting];
    this.#backlog = [];
    this.#unresolved = [];
    for (const pending of all) this.#give(pending, { ...answer });
    this.#settleQuiet();
  }

  #withdraw(): Write[] {
    const writes = this.deps.committer.withdraw(this);
    this.#underWay -= writes.length;
    return writes;
  }

  #answerAll(writes: readonly Write[], revision: number): void {
    for (const { pending, answer } of writes) {
      if (pending !== undefined && answer !== undefined) this.#give(pending, withRevision(answer, revision));
    }
  }

  #refuseAll(writes: readonly Write[]): void {
    for (const pending of pendings(writes)) this.#give(pending, this.#notOwner());
  }

  #settleQuiet(): void {
    const quiet = this.#quiet;
    this.#quiet = [];
    for (const done of quiet) done();
  }

  #notOwner(): CommandAnswer {
    const hint = this.deps.ownership.hint(this.number);
    const ours = hint?.epoch === this.#epoch;
    const value = hint === undefined || ours ? { address: '', epoch: 0 } : { address: hint.address, epoch: hint.epoch };
    return answerOf({ $case: 'notOwner', value });
  }

  #context(): DecideContext {
    const { settings, clock, random } = this.deps;
    return {
      shard: this.number,
      shardCount: this.shardCount,
      epoch: this.#epoch,
      table: this.#table,
      settings,
      clock,
      random,
    };
  }
}

function pendings(writes: readonly Write[]): Pending[] {
  return writes.flatMap(({ pending }) => (pending === undefined ? [] : [pending]));
}

function isRecall(kind: string | undefined): boolean {
  return kind === 'beginRecall' || kind === 'noteRecall' || kind === 'endRecall';
}

function reused(): CommandAnswer {
  return refusalAnswer(Reason.REQUEST_ID_REUSED, 'This request id was used for another request; make a new one.');
}

function pad(count: number): string {
  return count.toString().padStart(16, '0');
}
