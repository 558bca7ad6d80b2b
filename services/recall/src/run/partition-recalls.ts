import type { Clock, Random } from '@parkade/clock';
import type { SlotName, SlotRecord, ParkRecord } from '@parkade/proto';
import type { KeyedDeadlines } from '@parkade/timers';
import {
  type Departure,
  type Effect,
  type LegFact,
  type LegNews,
  newRecall,
  openLegs,
  planLegs,
  type ParkView,
  presentation,
  type Recall,
  type RecallEvent,
  type Step,
  step,
  wakeAtMs,
} from '../machine/index.js';
import type { MediaPort } from '../media/port.js';
import type { Branches } from './branches.js';
import { connectLeg, legFact, legRef, transferCall } from './media-answers.js';
import { legCall, Operations } from './operations.js';
import type { Operation, OwnerPort } from './owner-port.js';
import { departureOf, parkViewOf } from './park-view.js';
import type { Preparer } from './preparer.js';

/** One park and its recall. */
export class ParkEntry {
  /** Members by their legs, of those this process has rung or found; most parks have none, and are many. */
  members: Map<string, string> | undefined;
  /** What it waits for in `deadlines`, wall ms; Infinity: nothing. */
  wakeAtMs = Infinity;
  /** When the attempt was due that has begun and rings nobody yet, wall ms; undefined: there is none. */
  dueMs: number | undefined;

  constructor(
    readonly partition: PartitionRecalls,
    public recall: Recall,
  ) {}
}

export interface RecallsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly owner: OwnerPort;
  readonly media: MediaPort;
  readonly preparer: Preparer;
  readonly branches: Branches;
  readonly deadlines: KeyedDeadlines<ParkEntry>;
  /** The earliest deadline may have become earlier. */
  readonly rearm: () => void;
  /** Whether this process may still act: its lease is valid. */
  readonly owned: () => boolean;
  /** An effect failed in a way that nobody expects. */
  readonly onDefect: (error: unknown) => void;
  /** The first phone of an attempt is rung, so many ms after it was due. */
  readonly onRing?: ((lateMs: number) => void) | undefined;
}

/**
 * The recalls of one partition: feeds the machines and does what they say.
 *
 *   R1. Nothing is done any more once the partition is closed or the lease is not valid: legs go on ringing, and the next
 *       owner takes them up.
 *   R2. Every effect that the machine waits for is answered, also when it fails.
 *   R3. A park waits in `deadlines` for the one moment its machine names, or not at all.
 */
export class PartitionRecalls {
  readonly #parks = new Map<string, ParkEntry>();
  readonly #legs = new Map<string, ParkEntry>();
  readonly #operations: Operations;
  #closed = false;

  constructor(
    readonly shard: number,
    epoch: number,
    private readonly deps: RecallsDeps,
  ) {
    this.#operations = new Operations(epoch, deps.clock, deps.random);
  }

  get size(): number {
    return this.#parks.size;
  }

  /** The park's record, as it is now. */
  seen(name: SlotName, park: ParkRecord, revision: number): void {
    if (this.#closed) return;
    const view = parkViewOf(name, park);
    const known = this.#parks.get(park.parkId);
    if (known !== undefined) return this.#tell(known, { is: 'record', park: view, revision });
    const first = newRecall(view, revision, this.deps.clock.nowMs());
    const entry = new ParkEntry(this, first.recall);
    this.#parks.set(park.parkId, entry);
    this.#done(entry, first);
  }

  /** The park is not in its slot any more. */
  gone(parkId: string, how: Departure, revision: number): void {
    const entry = this.#parks.get(parkId);
    if (entry !== undefined) this.#tell(entry, { is: 'gone', how, revision });
  }

  /** A slot's record: its parks, and those of `before` that are not in it any more. */
  record(record: SlotRecord, revision: number, before: readonly string[]): void {
    const { name, parks, ended, last } = record;
    if (name === undefined) return;
    const here = new Set(parks.map(({ parkId }) => parkId));
    for (const parkId of before) {
      if (here.has(parkId)) continue;
      const end = ended.find((each) => each.parkId === parkId);
      const how = end?.how ?? (last?.parkId === parkId ? last.kind : undefined);
      this.gone(parkId, departureOf(how), revision);
    }
    for (const park of parks) this.seen(name, park, revision);
  }

  /** The machine of this park wanted to be told of this moment. */
  due(entry: ParkEntry): void {
    entry.wakeAtMs = Infinity;
    if (this.#parks.get(entry.recall.park.parkId) === entry) this.#tell(entry, { is: 'due' });
  }

  /** Something happened to a leg; whether it is one of this partition. */
  legNews(legId: string, news: LegNews): boolean {
    const entry = this.#legs.get(legId);
    if (entry === undefined) return false;
    if (news !== 'answered') this.#forget(entry, legId);
    this.#tell(entry, { is: 'leg', legId, news });
    return true;
  }

  /** Does nothing any more; what rings goes on ringing. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#parks.values()) this.deps.deadlines.delete(entry);
    this.#parks.clear();
    this.#legs.clear();
  }

  #tell(entry: ParkEntry, event: RecallEvent): void {
    if (this.#closed || !this.deps.owned()) return;
    this.#done(entry, step(entry.recall, event, this.deps.clock.nowMs()));
  }

  #done(entry: ParkEntry, { recall, effects }: Step): void {
    entry.recall = recall;
    if (recall.phase.name === 'gone') {
      this.deps.deadlines.delete(entry);
      this.#parks.delete(recall.park.parkId);
    } else this.#arm(entry);
    for (const effect of effects) this.#run(entry, recall, effect);
    if (recall.phase.name === 'gone')
      for (const legId of [...(entry.members?.keys() ?? [])]) this.#forget(entry, legId);
  }

  #arm(entry: ParkEntry): void {
    const atMs = wakeAtMs(entry.recall);
    if (atMs === entry.wakeAtMs) return;
    entry.wakeAtMs = atMs;
    if (atMs === Infinity) this.deps.deadlines.delete(entry);
    else {
      this.deps.deadlines.set(entry, atMs);
      this.deps.rearm();
    }
  }

  #run(entry: ParkEntry, { park, turn }: Recall, effect: Effect): void {
    const { media, owner, branches } = this.deps;
    const operations = this.#operations;
    const { call } = park;
    switch (effect.do) {
      case 'prepare':
        this.#answer(entry, this.#prepare(entry, park, turn, effect));
        return;
      case 'begin':
        this.#ask(entry, turn, operations.begin(park, effect.attempt, effect.ringMs, effect.legs));
        entry.dueMs = dueAtMs(park);
        return;
      case 'note':
        this.#ask(entry, turn, operations.note(park, effect.attempt, effect.legs));
        return;
      case 'claim':
        this.#ask(entry, turn, operations.claim(park, this.#legCall(entry, park, effect.legId)));
        return;
      case 'end': {
        const { attempt, outcome, reason, answeredBy, nextRecallMs, next } = effect;
        const by = answeredBy === undefined ? undefined : this.#legCall(entry, park, answeredBy);
        this.#ask(entry, turn, operations.end(park, attempt, outcome, reason, by, nextRecallMs, next));
        return;
      }
      case 'give-back':
        void owner.send(this.shard, operations.giveBack(park, effect.retrieveId, effect.cause));
        return;
      case 'take':
        void owner.send(this.shard, operations.take(park, this.#legCall(entry, park, effect.legId)));
        return;
      case 'abandon':
        void owner.send(this.shard, operations.abandon(park));
        return;
      case 'ring':
        this.#ring(entry, park, effect);
        return;
      case 'cancel':
        media.cancel(legRef(park, effect.legId), effect.cause);
        this.#forget(entry, effect.legId);
        return;
      case 'connect':
        if (call !== undefined) this.#answer(entry, connectLeg(media, park, call, effect.legId, turn));
        return;
      case 'find':
        this.#join(entry, effect.legId, '');
        this.#answer(
          entry,
          legFact(media, park, effect.legId).then((fact): RecallEvent => ({ is: 'found', turn, fact })),
        );
        return;
      case 'transfer':
        if (call !== undefined) this.#answer(entry, transferCall(media, park, call, effect.exit, turn));
        return;
      case 'hold':
        if (call !== undefined) media.hold(call);
        return;
      case 'hang-up':
        if (call !== undefined) media.hangup(park, call);
        return;
      case 'find-branch':
        this.#answer(
          entry,
          branches.find(park, effect.reason).then(
            (branch): RecallEvent => ({ is: 'branch', turn, branch }),
            (): RecallEvent => ({ is: 'branch', turn, branch: undefined }),
          ),
        );
        return;
    }
  }

  #answer(entry: ParkEntry, event: Promise<RecallEvent>): void {
    event.then(
      (told) => this.#tell(entry, told),
      (error: unknown) => this.deps.onDefect(error),
    );
  }

  #ask(entry: ParkEntry, turn: number, op: Operation): void {
    const event = this.deps.owner.send(this.shard, op).then((outcome): RecallEvent => {
      if (outcome.kind === 'done') return { is: 'admitted', turn, ...outcome };
      return { is: 'refused', turn, known: outcome.kind === 'refused' };
    });
    this.#answer(entry, event);
  }

  async #prepare(
    entry: ParkEntry,
    park: ParkView,
    turn: number,
    { attempt, resume }: Extract<Effect, { do: 'prepare' }>,
  ): Promise<RecallEvent> {
    const open = resume === undefined ? [] : openLegs(resume);
    for (const legId of open) this.#join(entry, legId, '');
    const [prepared, ...facts] = await Promise.all([
      this.deps.preparer.prepare(park, attempt, resume),
      ...open.map((legId) => legFact(this.deps.media, park, legId)),
    ]);
    // Who rings there is known again, for those whose contacts are still the same.
    for (const leg of planLegs(prepared.plan.root)) {
      if (open.includes(leg.legId)) this.#join(entry, leg.legId, leg.member);
    }
    const known = new Map(open.map((legId, i): [string, LegFact] => [legId, facts[i] ?? 'unknown']));
    return { is: 'prepared', turn, ...prepared, facts: known };
  }

  #ring(entry: ParkEntry, park: ParkView, { leg, ringMs, policy }: Extract<Effect, { do: 'ring' }>): void {
    if (park.call === undefined) return;
    const { legId, member, contact } = leg;
    if (entry.dueMs !== undefined) this.deps.onRing?.(this.deps.clock.nowMs() - entry.dueMs);
    entry.dueMs = undefined;
    this.#join(entry, legId, member);
    this.deps.media.ring({
      ...legRef(park, legId),
      tenantId: park.tenantId,
      attempt: park.attempt,
      forCall: park.call,
      contact,
      ringMs,
      presentation: presentation(park, policy.callerId, policy.alertInfo),
      followForwarding: policy.followForwarding,
    });
  }

  #legCall(entry: ParkEntry, park: ParkView, legId: string): ReturnType<typeof legCall> {
    return legCall(park, legId, entry.members?.get(legId) ?? '');
  }

  #join(entry: ParkEntry, legId: string, member: string): void {
    this.#legs.set(legId, entry);
    entry.members = (entry.members ?? new Map<string, string>()).set(legId, member);
  }

  #forget(entry: ParkEntry, legId: string): void {
    this.#legs.delete(legId);
    if (entry.members?.delete(legId) === true && entry.members.size === 0) entry.members = undefined;
  }
}

function dueAtMs(park: ParkView): number {
  return park.state.kind === 'parked' && park.state.recallAtMs !== 0 ? park.state.recallAtMs : park.parkedAtMs;
}
