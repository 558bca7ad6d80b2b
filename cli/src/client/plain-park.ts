import {
  type CallRef,
  type Park,
  type Parker,
  ParkState,
  PresenceType,
  type Slot,
  type Timestamp,
} from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';

/** A park as `--json` prints it: snake case as in the protos, enums by their names in lower case, times in ISO 8601. */
export function plainPark(park: Park): Record<string, unknown> {
  return {
    park_id: park.parkId,
    tenant: park.tenantId,
    lot: park.lotId,
    slot: park.slot,
    state: stateName(park.state),
    call: park.call === undefined ? null : plainCall(park.call),
    parker: park.parker === undefined ? null : plainParker(park.parker),
    note: park.note,
    parked_at: isoTime(park.parkedAt),
    recall_at: isoTime(park.recallAt),
    retriever: park.retriever === undefined ? null : plainCall(park.retriever),
    retrieve_id: park.retrieveId,
    end_reason: park.endReason,
    previous_park_id: park.previousParkId,
    revision: park.revision,
  };
}

/** A slot as `--json` prints it. */
export function plainSlot(slot: Slot): Record<string, unknown> {
  return {
    tenant: slot.tenantId,
    lot: slot.lotId,
    slot: slot.slot,
    presence: PresenceType[slot.presence].toLowerCase(),
    presence_id: slot.presenceId,
    revision: slot.revision,
    parks: slot.parks.map(plainPark),
  };
}

/** `parked`, `ringback`, … */
export function stateName(state: ParkState): string {
  return ParkState[state].toLowerCase();
}

/** Who the caller is, as far as known: name and number, else the call's id. */
export function callerOf(call: CallRef | undefined): string {
  if (call === undefined) return '';
  const words = [call.callerName, call.callerNumber].filter((word) => word !== '');
  return words.length > 0 ? words.join(' ') : call.callId;
}

/** ISO 8601 in UTC; null where there is none. */
export function isoTime(time: Timestamp | undefined): string | null {
  return time === undefined ? null : new Date(timestampMs(time)).toISOString();
}

/** A parker as `--json` prints him. */
export function plainParker({ userId, deviceId, extension }: Parker): Record<string, unknown> {
  return { user: userId, device: deviceId, extension };
}

/** A call as `--json` prints it. */
export function plainCall(call: CallRef): Record<string, unknown> {
  return {
    media_node: call.mediaNode,
    call_id: call.callId,
    caller_name: call.callerName,
    caller_number: call.callerNumber,
    sip_call_id: call.sipCallId,
  };
}
