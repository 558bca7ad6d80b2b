import { PromptKind } from '@parkade/proto';
import type { ParkAction } from '@parkade/settings';

/** How a call has come to a `park` node. */
export type WayIn = 'direct' | 'blind' | 'attended';

/**
 * What is tried with a call. `complete`: it takes the place of the call it replaces. `park-transferred`: it is parked.
 * `park-itself`: it is parked, unanswered. `reserve`: it holds the slot for a caller to come. `retrieve`: it takes the caller
 * there. `take-or-reserve`: the one or the other.
 */
export type Deed = 'complete' | 'park-transferred' | 'park-itself' | 'reserve' | 'retrieve' | 'take-or-reserve';

/**
 * How the slot was found. `held`: by a live call that waits, or one that nobody is sure of. `none`: no slot is to be had, as all
 * are taken or the next lies beyond the highest number.
 */
export type SlotState = 'free' | 'reserved' | 'held' | 'retrieving' | 'none';

/** What becomes of the call. */
export type Verdict =
  | { readonly is: 'parked' | 'reserved' | 'retrieve-begun'; readonly says?: PromptKind }
  /** Nothing is changed. `answer`: the call is answered to hear what is said. */
  | { readonly is: 'rejected'; readonly answer: boolean; readonly says?: PromptKind }
  /** As `on_occupied` of the lot says, but never without a place: the next free slot, else the holding lot. */
  | { readonly is: 'on-occupied' }
  /** It waits at most `maxMs` for the slot to become another; after that it is rejected. */
  | { readonly is: 'wait'; readonly maxMs: number; readonly says: PromptKind }
  /** The flow goes on at MAX_SLOT_EXCEEDED, else `_`; else the call is rejected, or goes back to who transferred it. */
  | { readonly is: 'leave' };

/** A retriever waits so long for the caller of an attended transfer, in ms. */
export const COMPLETION_WAIT_MS = 3_000;

/** A retriever waits so long for the outcome of somebody else's retrieve, in ms: longer than one may stay unconfirmed. */
export const RETRIEVE_WAIT_MS = 15_000;

/** The way in decides, before the action does. */
export function deedOf(wayIn: WayIn, action: ParkAction): Deed {
  if (wayIn === 'attended') return 'complete';
  if (wayIn === 'blind') return 'park-transferred';
  return BY_ACTION[action];
}

const BY_ACTION: Readonly<Record<ParkAction, Deed>> = {
  park: 'reserve',
  direct_park: 'park-itself',
  retrieve: 'retrieve',
  auto: 'take-or-reserve',
};

const inUse: Verdict = { is: 'rejected', answer: true, says: PromptKind.SLOT_IN_USE };
const empty: Verdict = { is: 'rejected', answer: true, says: PromptKind.SLOT_EMPTY };
const silently: Verdict = { is: 'rejected', answer: false };
const leave: Verdict = { is: 'leave' };
const begun: Verdict = { is: 'retrieve-begun' };
const reserved: Verdict = { is: 'reserved', says: PromptKind.SLOT_NUMBER };
const onOccupied: Verdict = { is: 'on-occupied' };
const completion = (says: PromptKind): Verdict => ({ is: 'wait', maxMs: COMPLETION_WAIT_MS, says });
const outcome: Verdict = { is: 'wait', maxMs: RETRIEVE_WAIT_MS, says: PromptKind.SLOT_IN_USE };

/** Deed by slot state. A completion's `free`: the reservation has ended, and the call is parked in the next free slot. */
const TABLE: Readonly<Record<Deed, Readonly<Record<SlotState, Verdict>>>> = {
  complete: {
    free: { is: 'parked', says: PromptKind.OTHER_SLOT_NUMBER },
    reserved: { is: 'parked' },
    held: onOccupied,
    retrieving: onOccupied,
    none: leave,
  },
  'park-transferred': {
    free: { is: 'parked', says: PromptKind.SLOT_NUMBER },
    reserved: onOccupied,
    held: onOccupied,
    retrieving: onOccupied,
    none: leave,
  },
  'park-itself': {
    free: { is: 'parked' },
    reserved: silently,
    held: silently,
    retrieving: silently,
    none: leave,
  },
  reserve: { free: reserved, reserved: inUse, held: inUse, retrieving: inUse, none: leave },
  retrieve: {
    free: empty,
    reserved: completion(PromptKind.SLOT_EMPTY),
    held: begun,
    retrieving: outcome,
    none: empty,
  },
  'take-or-reserve': {
    free: reserved,
    reserved: completion(PromptKind.SLOT_IN_USE),
    held: begun,
    retrieving: outcome,
    none: leave,
  },
};

/** What is done with a call that has come to a slot in this state. Pure, total. */
export function verdictOf(deed: Deed, state: SlotState): Verdict {
  return TABLE[deed][state];
}
