import {
  type Park,
  type ParkRecord,
  ParkState,
  PresenceType,
  type Slot,
  type SlotName,
  type SlotRecord,
} from '@parkade/proto';
import { toDuration, toTimestamp } from '@parkade/rpc';

const NO_NAME: SlotName = { tenantId: '', lotId: '', slot: '' };

/** A followed record as clients see its slot, the same as its owner shows it. A hold for a move shows as RESERVED. */
export function slotView(record: SlotRecord, revision: number): Slot {
  const name = record.name ?? NO_NAME;
  // The id that is lit stays lit while any park with it remains; else the oldest park's.
  const lit = record.parks.filter(lights);
  const shown = lit.find(({ policy }) => policy?.presenceId === record.litPresenceId) ?? lit[0];
  return {
    tenantId: name.tenantId,
    lotId: name.lotId,
    slot: name.slot,
    parks: record.parks.map((park) => parkView(name, park, revision)),
    revision,
    presence: shown === undefined ? PresenceType.TERMINATED : presenceType(shown),
    presenceId: shown === undefined ? (record.last?.presenceId ?? '') : (shown.policy?.presenceId ?? ''),
  };
}

function parkView(name: SlotName, park: ParkRecord, revision: number): Park {
  const { state, policy } = park;
  const retrieving = state?.$case === 'retrieving' ? state.value : undefined;
  const held = state?.$case === 'reserved' || state?.$case === 'incoming' ? state.value : undefined;
  return {
    parkId: park.parkId,
    tenantId: name.tenantId,
    lotId: name.lotId,
    slot: name.slot,
    state: stateView(state),
    call: park.call,
    parker: park.parker,
    note: park.note,
    parkedAt: toTimestamp(park.parkedAtMs),
    recallAt: toTimestamp(recallAtMs(park)),
    revision,
    mediaControl: park.mediaControl,
    retriever: retrieving?.by,
    retrieveId: retrieving?.retrieveId ?? '',
    giveUpAt: toTimestamp(retrieving?.giveUpAtMs ?? 0),
    recallAttempt: park.recallAttempt,
    settingsRevision: policy?.settingsRevision ?? 0,
    reservedUntil: toTimestamp(held?.untilMs ?? 0),
    previousParkId: park.previousParkId,
    endReason: '',
    policy:
      policy === undefined
        ? undefined
        : {
            ringbackTimeout: toDuration(policy.ringbackTimeoutMs),
            callbackTimeout: toDuration(policy.callbackTimeoutMs),
            presenceType: policy.presenceType,
            presenceId: policy.presenceId,
            maxPark: toDuration(policy.maxParkMs),
          },
  };
}

function stateView(state: ParkRecord['state']): ParkState {
  switch (state?.$case) {
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

function recallAtMs({ state, policy, parkedAtMs }: ParkRecord): number {
  if (state?.$case === 'parked') return state.value.recallAtMs;
  const timeoutMs = policy?.ringbackTimeoutMs ?? 0;
  return state?.$case === 'reserved' && timeoutMs !== 0 ? parkedAtMs + timeoutMs : 0;
}

function lights(park: ParkRecord): boolean {
  return park.state?.$case !== 'incoming' && presenceType(park) !== PresenceType.TERMINATED;
}

function presenceType({ policy }: ParkRecord): PresenceType {
  const type = policy?.presenceType ?? PresenceType.UNSPECIFIED;
  return type === PresenceType.UNSPECIFIED ? PresenceType.EARLY : type;
}
