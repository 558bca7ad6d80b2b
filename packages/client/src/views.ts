import { type Park, ParkState, type Slot } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import type { Call, ParkedCall, ParkStateName, SlotView } from './parks.js';

const STATES: Readonly<Record<ParkState, ParkStateName>> = {
  [ParkState.UNSPECIFIED]: 'ended',
  [ParkState.RESERVED]: 'reserved',
  [ParkState.PARKED]: 'parked',
  [ParkState.RINGBACK]: 'ringback',
  [ParkState.RETRIEVING]: 'retrieving',
  [ParkState.ENDED]: 'ended',
};

const NO_CALL: Call = { mediaNode: '', callId: '' };

/** A park as users of this package see it. */
export function parkedCall(park: Park): ParkedCall {
  const { parkId, lotId, slot, state, call, parker, note, parkedAt, recallAt, revision } = park;
  const { mediaNode, callId, callerName, callerNumber } = { ...NO_CALL, ...call };
  const { userId, deviceId, extension } = parker ?? {};
  return {
    parkId,
    lot: lotId,
    slot,
    state: STATES[state],
    call: { mediaNode, callId, callerName, callerNumber },
    parker: { userId, deviceId, extension },
    note,
    parkedAt: parkedAt === undefined ? undefined : new Date(timestampMs(parkedAt)),
    recallAt: recallAt === undefined ? undefined : new Date(timestampMs(recallAt)),
    revision,
  };
}

export function slotView({ lotId, slot, parks, revision }: Slot): SlotView {
  return { lot: lotId, slot, parks: parks.map(parkedCall), revision };
}
