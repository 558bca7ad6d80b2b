import { type CallRef, Direction, type Parker } from '@parkade/proto';

/** A call as messages show it. Texts that are not known are empty. */
export interface CallJson {
  readonly media_node: string;
  readonly call_id: string;
  readonly caller_name: string;
  readonly caller_number: string;
  readonly direction: 'inbound' | 'outbound' | 'unknown';
  readonly sip_call_id: string;
}

/** Who parked a call. What is not known is empty. */
export interface ParkerJson {
  readonly user_id: string;
  readonly device_id: string;
  readonly extension: string;
}

/** A call as messages show it; null where there is none. */
export function callJson(call: CallRef | undefined): CallJson | null {
  if (call === undefined) return null;
  return {
    media_node: call.mediaNode,
    call_id: call.callId,
    caller_name: call.callerName,
    caller_number: call.callerNumber,
    direction: directionName(call.direction),
    sip_call_id: call.sipCallId,
  };
}

/** A parker as messages show it; null where nobody is known. */
export function parkerJson(parker: Parker | undefined): ParkerJson | null {
  if (parker === undefined) return null;
  return { user_id: parker.userId, device_id: parker.deviceId, extension: parker.extension };
}

/** The word for a direction. */
export function directionName(direction: Direction): CallJson['direction'] {
  if (direction === Direction.INBOUND) return 'inbound';
  return direction === Direction.OUTBOUND ? 'outbound' : 'unknown';
}
