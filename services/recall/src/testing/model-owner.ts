import type { Clock } from '@parkade/clock';
import {
  type CallRef,
  type EndedPark,
  FailedRecallNext,
  type ParkRecord,
  Reason,
  RecallOutcome,
  ReleaseCause,
  type SlotName,
  type SlotRecord,
  TransitionKind,
} from '@parkade/proto';
import type { Operation, OwnerOutcome, OwnerPort } from '../run/owner-port.js';

interface Slot {
  readonly name: SlotName;
  park: ParkRecord | undefined;
  ended: EndedPark[];
  revision: number;
}

/** One who follows all slots. */
export type Follower = (record: SlotRecord, revision: number) => void;

/** How long a message takes on its way, in ms; 0: no time at all. */
export type Delay = () => number;

/**
 * What a slot's owner does with the commands of recalls, and no more: the rules of the slot machine, one park a slot. The
 * product's own owner is held to the same by the tests of the cluster.
 */
export class ModelOwner implements OwnerPort {
  /** Hears what happened, a line each. */
  onLine: (line: string) => void = () => undefined;
  /** Terminal transitions by park: each must have one. */
  readonly terminals = new Map<string, string[]>();
  /** Attempts that were begun, by park and number. */
  readonly begun: string[] = [];
  readonly #slots = new Map<string, Slot>();
  readonly #followers = new Set<Follower>();
  readonly #requests = new Map<string, OwnerOutcome>();
  /** While true no command is answered or applied. */
  away = false;
  #retrieves = 0;

  constructor(
    private readonly clock: Clock,
    private readonly delay: Delay = () => 0,
  ) {}

  park(name: SlotName, park: ParkRecord): void {
    this.#slots.set(park.parkId, { name, park, ended: [], revision: 0 });
    this.#changed(park.parkId, TransitionKind.PARKED, '');
  }

  record(parkId: string): ParkRecord | undefined {
    return this.#slots.get(parkId)?.park;
  }

  /** All records now, then every change in order. Returns what ends that. */
  follow(follower: Follower): () => void {
    let last = Promise.resolve();
    let ended = false;
    const later: Follower = (record, revision) => {
      last = last
        .then(() => this.#wait())
        .then(() => {
          if (!ended) follower(record, revision);
        });
    };
    for (const parkId of this.#slots.keys()) later(this.#slotRecord(parkId), this.#slots.get(parkId)?.revision ?? 0);
    this.#followers.add(later);
    return () => {
      ended = true;
      this.#followers.delete(later);
    };
  }

  async send(_shard: number, op: Operation): Promise<OwnerOutcome> {
    await this.#wait();
    const outcome = this.apply(op);
    await this.#wait();
    return outcome;
  }

  /** Applies a command at once. */
  apply(op: Operation): OwnerOutcome {
    if (this.away) return { kind: 'unknown' };
    const requestId = 'requestId' in op.value ? op.value.requestId : '';
    const known = this.#requests.get(requestId);
    if (known !== undefined) return known;
    const outcome = this.#decide(op);
    if (outcome.kind === 'done') this.#requests.set(requestId, outcome);
    return outcome;
  }

  #decide(op: Operation): OwnerOutcome {
    const parkId = parkIdOf(op);
    const slot = this.#slots.get(parkId);
    const park = slot?.park;
    if (slot === undefined || park === undefined) return refused(Reason.PARK_ENDED);
    const state = park.state;
    const nowMs = this.clock.nowMs();
    switch (op.$case) {
      case 'beginRecall': {
        const { attempt, ringMs, legs } = op.value;
        if (attempt !== park.recallAttempt + 1) return refused(Reason.WRONG_ATTEMPT);
        if (state?.$case !== 'parked') return refused(Reason.WRONG_STATE);
        this.begun.push(`${parkId} ${attempt}`);
        const value = { untilMs: nowMs + ringMs, legs };
        slot.park = { ...park, recallAttempt: attempt, state: { $case: 'ringback', value } };
        return this.#changed(parkId, TransitionKind.RECALLED, `attempt ${attempt}`);
      }
      case 'noteRecall': {
        if (op.value.attempt !== park.recallAttempt) return refused(Reason.WRONG_ATTEMPT);
        if (state?.$case !== 'ringback') return refused(Reason.WRONG_STATE);
        slot.park = { ...park, state: { $case: 'ringback', value: { ...state.value, legs: op.value.legs } } };
        return this.#changed(parkId, TransitionKind.RINGBACK_NOTED, '');
      }
      case 'endRecall': {
        const { attempt, outcome, reason, answeredBy, nextRecallMs } = op.value;
        if (attempt !== park.recallAttempt) return refused(Reason.WRONG_ATTEMPT);
        const ringing = state?.$case === 'ringback';
        if (outcome === RecallOutcome.ANSWERED) {
          const connecting = state?.$case === 'retrieving' && state.value.by?.callId === answeredBy?.callId;
          if (!ringing && !connecting) return refused(Reason.WRONG_STATE);
          return this.#left(parkId, TransitionKind.RECALL_ANSWERED, by(answeredBy));
        }
        if (outcome === RecallOutcome.FAILED) {
          if (!ringing) return refused(Reason.WRONG_STATE);
          const recallAtMs = nextRecallMs === 0 ? 0 : nowMs + nextRecallMs;
          slot.park = { ...park, state: { $case: 'parked', value: { recallAtMs } } };
          const next = nextRecallMs === 0 ? 'never again' : `again in ${nextRecallMs / 1000}s`;
          return this.#changed(parkId, waitingKind(op.value.next), `${reason}, ${next}`);
        }
        if (!ringing && state?.$case !== 'parked') return refused(Reason.WRONG_STATE);
        const kind = outcome === RecallOutcome.EXPIRED ? TransitionKind.EXPIRED : TransitionKind.BRANCHED;
        return this.#left(parkId, kind, reason);
      }
      case 'beginRetrieve': {
        if (state?.$case !== 'parked' && state?.$case !== 'ringback') return refused(Reason.SLOT_RETRIEVING);
        const retrieveId = `r${++this.#retrieves}`;
        const at = state.$case === 'parked' ? state.value.recallAtMs : nowMs;
        const leftMs = at === 0 ? 0 : Math.max(1, at - nowMs);
        const value = { retrieveId, by: op.value.retriever, giveUpAtMs: 0, leftMs };
        slot.park = { ...park, state: { $case: 'retrieving', value } };
        return this.#changed(parkId, TransitionKind.RETRIEVE_BEGUN, by(op.value.retriever), retrieveId);
      }
      case 'retrieve':
        if (state?.$case !== 'parked' && state?.$case !== 'ringback') return refused(Reason.SLOT_RETRIEVING);
        return this.#left(parkId, TransitionKind.RETRIEVED, by(op.value.retriever));
      case 'confirmRetrieve':
        if (state?.$case !== 'retrieving' || state.value.retrieveId !== op.value.retrieveId) {
          return refused(Reason.RETRIEVE_EXPIRED);
        }
        return this.#left(parkId, TransitionKind.RETRIEVED, by(state.value.by));
      case 'giveBackRetrieve': {
        if (state?.$case !== 'retrieving' || state.value.retrieveId !== op.value.retrieveId) {
          return refused(Reason.RETRIEVE_EXPIRED);
        }
        const recallAtMs = state.value.leftMs === 0 ? 0 : nowMs + state.value.leftMs;
        slot.park = { ...park, state: { $case: 'parked', value: { recallAtMs } } };
        return this.#changed(parkId, TransitionKind.GIVEN_BACK, op.value.cause);
      }
      case 'release': {
        const { cause, destination = '' } = op.value;
        if (cause !== ReleaseCause.ESCAPED) return this.#left(parkId, TransitionKind.ABANDONED, '');
        if (state?.$case === 'retrieving') return refused(Reason.SLOT_RETRIEVING);
        return this.#left(parkId, TransitionKind.ESCAPED, destination);
      }
      case 'extendPark': {
        if (state?.$case !== 'parked') return refused(Reason.WRONG_STATE);
        const recallAtMs = nowMs + (op.value.recallIn?.seconds ?? 0) * 1000;
        slot.park = { ...park, state: { $case: 'parked', value: { recallAtMs } } };
        return this.#changed(parkId, TransitionKind.EXTENDED, '');
      }
      default:
        throw new Error(`the model knows no ${op.$case}`);
    }
  }

  #left(parkId: string, kind: TransitionKind, words: string): OwnerOutcome {
    const slot = this.#slots.get(parkId);
    if (slot?.park === undefined) return refused(Reason.PARK_ENDED);
    slot.park = undefined;
    slot.ended.push({ parkId, how: kind, atMs: this.clock.nowMs(), nextParkId: '' });
    this.terminals.set(parkId, [...(this.terminals.get(parkId) ?? []), TransitionKind[kind]]);
    return this.#changed(parkId, kind, words);
  }

  #changed(parkId: string, kind: TransitionKind, words: string, retrieveId = ''): OwnerOutcome {
    const slot = this.#slots.get(parkId);
    if (slot === undefined) return refused(Reason.PARK_NOT_FOUND);
    slot.revision++;
    const said = TransitionKind[kind].toLowerCase().replaceAll('_', ' ');
    if (kind !== TransitionKind.RINGBACK_NOTED) {
      this.onLine(`${slot.name.slot}: ${parkId} ${said}${words === '' ? '' : ` (${words})`}`);
    }
    const record = this.#slotRecord(parkId);
    for (const follower of this.#followers) follower(record, slot.revision);
    return { kind: 'done', revision: slot.revision, retrieveId };
  }

  #slotRecord(parkId: string): SlotRecord {
    const slot = this.#slots.get(parkId);
    const parks = slot?.park === undefined ? [] : [slot.park];
    const ended = [...(slot?.ended ?? [])];
    return { name: slot?.name, parks, last: undefined, documentVersion: 1, litPresenceId: '', ended };
  }

  async #wait(): Promise<void> {
    const ms = this.delay();
    if (ms > 0) await new Promise<void>((resolve) => void this.clock.setTimer(ms, resolve));
  }
}

function waitingKind(next: FailedRecallNext | undefined): TransitionKind {
  if (next === FailedRecallNext.ESCALATE) return TransitionKind.ESCALATED;
  return next === FailedRecallNext.RE_PARK ? TransitionKind.RE_PARKED : TransitionKind.RECALL_FAILED;
}

function parkIdOf(op: Operation): string {
  if (op.$case === 'beginRetrieve' || op.$case === 'retrieve') {
    return op.value.from?.$case === 'parkId' ? op.value.from.value : '';
  }
  return 'parkId' in op.value ? op.value.parkId : '';
}

function refused(reason: Reason): OwnerOutcome {
  return { kind: 'refused', reason, message: Reason[reason], metadata: {} };
}

/** A leg by its member: its id says nothing to a reader. */
function by(call: CallRef | undefined): string {
  if (call === undefined) return 'by nobody';
  return `by ${call.callerNumber === '' ? call.callId : call.callerNumber}`;
}
