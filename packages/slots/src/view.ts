import {
  type Park,
  type ParkPolicy,
  type ParkRecord,
  ParkState,
  type Pickup,
  PickupState,
  type Policy,
  type Slot,
  type SlotName,
  type SlotRecord,
  type Transition,
} from '@parkade/proto';
import { toDuration, toTimestamp } from '@parkade/rpc';
import { endReason } from './end-reason.js';
import { presenceOf } from './lamp.js';

/**
 * A park as clients see it. `left`: the transition it left by; it is then shown as ENDED, with its retriever. `recall_at` is
 * shown where a deadline runs: while it waits unrung, and while reserved, where the timer counts from the reservation.
 */
export function parkView(name: SlotName, park: ParkRecord, revision: number, left?: Transition): Park {
  const state = left === undefined ? park.state : undefined;
  const retrieving = state?.$case === 'retrieving' ? state.value : undefined;
  return {
    parkId: park.parkId,
    tenantId: name.tenantId,
    lotId: name.lotId,
    slot: name.slot,
    state: left === undefined ? stateView(park) : ParkState.ENDED,
    call: park.call,
    parker: park.parker,
    note: park.note,
    parkedAt: toTimestamp(park.parkedAtMs),
    recallAt: left === undefined ? toTimestamp(recallAtMs(park)) : undefined,
    revision,
    mediaControl: park.mediaControl,
    retriever: left === undefined ? retrieving?.by : left.retriever,
    retrieveId: retrieving?.retrieveId ?? '',
    giveUpAt: toTimestamp(retrieving?.giveUpAtMs ?? 0),
    recallAttempt: park.recallAttempt,
    settingsRevision: park.policy?.settingsRevision ?? 0,
    reservedUntil: toTimestamp(reservedUntilMs(state)),
    previousParkId: park.previousParkId,
    endReason: left === undefined ? '' : endReason(left.kind),
    policy: park.policy === undefined ? undefined : policyView(park.policy),
    branch: park.branch,
    groupId: park.policy?.groupId,
    pickup: pickupView(retrieving?.pickup),
  };
}

function pickupView(pickup: Pickup | undefined): PickupState | undefined {
  if (pickup === undefined) return undefined;
  return pickup.claimed ? PickupState.CLAIMED : PickupState.OPEN;
}

/** A slot as clients see it. A hold for a move shows as RESERVED without a call: the slot is not free. */
export function slotView(record: SlotRecord, revision: number): Slot {
  const name = record.name ?? { tenantId: '', lotId: '', slot: '' };
  const { type, presenceId } = presenceOf(record);
  return {
    ...name,
    parks: record.parks.map((park) => parkView(name, park, revision)),
    revision,
    presence: type,
    presenceId,
  };
}

function stateView(park: ParkRecord): ParkState {
  switch (park.state?.$case) {
    case 'parked':
      return ParkState.PARKED;
    case 'ringback':
      return ParkState.RINGBACK;
    case 'retrieving':
      return ParkState.RETRIEVING;
    case 'reserved':
    case 'incoming':
      return ParkState.RESERVED;
    case undefined:
      return ParkState.UNSPECIFIED;
  }
}

function recallAtMs(park: ParkRecord): number {
  if (park.state?.$case === 'parked') return park.state.value.recallAtMs;
  const timeout = park.policy?.ringbackTimeoutMs ?? 0;
  return park.state?.$case === 'reserved' && timeout !== 0 ? park.parkedAtMs + timeout : 0;
}

function reservedUntilMs(state: ParkRecord['state']): number {
  return state?.$case === 'reserved' || state?.$case === 'incoming' ? state.value.untilMs : 0;
}

function policyView(policy: Policy): ParkPolicy {
  return {
    ringbackTimeout: toDuration(policy.ringbackTimeoutMs),
    callbackTimeout: toDuration(policy.callbackTimeoutMs),
    presenceType: policy.presenceType,
    presenceId: policy.presenceId,
    maxPark: toDuration(policy.maxParkMs),
  };
}
