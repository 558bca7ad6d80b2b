import {
  type CallRef,
  type EndedPark,
  type FlowBranch,
  type ParkRecord,
  type SlotName,
  type SlotRecord,
  type Transition,
  TransitionKind,
} from '@parkade/proto';
import { lampOf } from '@parkade/slots';
import type { Step, StepContext } from './types.js';

/** Parks that ended and are remembered in their slot's record. */
export const MAX_ENDED = 8;

/** Characters of a transition's reason; more is cut off. */
export const MAX_REASON_LENGTH = 64;

/** What a change's transition says beside what the park itself says. */
export interface Facts {
  readonly kind: TransitionKind;
  /** Empty: time caused it. */
  readonly requestId: string;
  readonly reason?: string;
  readonly retriever?: CallRef | undefined;
  readonly other?: SlotName;
  readonly otherParkId?: string;
  readonly attempt?: number;
  readonly branch?: FlowBranch | undefined;
  /** The lamp that may have to be put out, where it is not the park's own any more (M11). */
  readonly presenceId?: string | undefined;
}

type Applied = Extract<Step, { kind: 'apply' }>;

/** A park comes to the slot at `index` of its order; without one, as the youngest. */
export function entered(record: SlotRecord, ctx: StepContext, park: ParkRecord, facts: Facts, index?: number): Applied {
  const at = index ?? record.parks.length;
  const parks = [...record.parks.slice(0, at), park, ...record.parks.slice(at)];
  return { kind: 'apply', record: next(record, ctx, parks, park, facts), park, left: false };
}

/** A park of the slot becomes `park`: same id, same place in the order. */
export function changed(record: SlotRecord, ctx: StepContext, park: ParkRecord, facts: Facts): Applied {
  const parks = record.parks.map((each) => (each.parkId === park.parkId ? park : each));
  return { kind: 'apply', record: next(record, ctx, parks, park, facts), park, left: false };
}

/** A park leaves the slot, and is remembered as ended; the youngest reservation with all that its caller, come late, is parked with. */
export function departed(record: SlotRecord, ctx: StepContext, park: ParkRecord, facts: Facts): Applied {
  const end = { parkId: park.parkId, how: facts.kind, atMs: ctx.nowMs, nextParkId: facts.otherParkId ?? '' };
  const isReservation = facts.kind === TransitionKind.RESERVATION_ENDED;
  const before = isReservation ? record.ended.map((older) => ({ ...older, reserved: undefined })) : record.ended;
  const reserved = isReservation ? { reserved: { ...park, call: undefined, state: undefined } } : {};
  const ended = [...before, { ...end, ...reserved }].slice(-MAX_ENDED);
  return { kind: 'apply', record: next(record, ctx, without(record, park), park, facts, ended), park, left: true };
}

/** A hold leaves the slot. Nobody was ever parked under its id, so nothing is remembered. */
export function dropped(record: SlotRecord, ctx: StepContext, hold: ParkRecord, facts: Facts): Applied {
  return { kind: 'apply', record: next(record, ctx, without(record, hold), hold, facts), park: hold, left: true };
}

function without(record: SlotRecord, park: ParkRecord): ParkRecord[] {
  return record.parks.filter((each) => each.parkId !== park.parkId);
}

/** The one place where a record's successor is made: one transition, a higher document version, the lamp that is lit now. */
function next(
  record: SlotRecord,
  ctx: StepContext,
  parks: ParkRecord[],
  park: ParkRecord,
  facts: Facts,
  ended: EndedPark[] = record.ended,
): SlotRecord {
  return {
    name: ctx.name,
    parks,
    last: transition(ctx, park, facts),
    documentVersion: Math.max(record.documentVersion + 1, Math.floor(ctx.nowMs / 1000)),
    litPresenceId: lampOf(parks, record.litPresenceId)?.presenceId ?? '',
    ended,
  };
}

function transition(ctx: StepContext, park: ParkRecord, facts: Facts): Transition {
  return {
    kind: facts.kind,
    parkId: park.parkId,
    atMs: ctx.nowMs,
    reason: (facts.reason ?? '').slice(0, MAX_REASON_LENGTH),
    call: park.call,
    parker: park.parker,
    retriever: facts.retriever,
    requestId: facts.requestId,
    other: facts.other,
    otherParkId: facts.otherParkId ?? '',
    presenceId: facts.presenceId ?? park.policy?.presenceId ?? '',
    attempt: facts.attempt ?? 0,
    branch: facts.branch,
    by: ctx.by,
    previousRevision: ctx.revision ?? 0,
  };
}
