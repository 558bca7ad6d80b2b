import { fieldFault, type ParkNode, nodeAt, type Flow, MAX_FLOW_DEPTH, type WayIn } from '@parkade/flow';
import { isName, isText, requestIdTimeMs } from '@parkade/ids';
import { type CallRef, type ExecuteParkActionRequest, MediaControl, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { isReservedLot } from '@parkade/settings';

/** A flow that comes with its request is at most this long, in bytes of JSON. */
export const MAX_INLINE_BYTES = 65_536;

const NAME = 'must be 1 to 64 printable ASCII characters without blanks';

/** Why a request makes no sense; undefined: it does. The flow itself is not looked at. */
export function requestFault(request: ExecuteParkActionRequest): Refused | undefined {
  const { requestId, tenantId, flow, node, lotId, call, capturedDigits, wayIn, note } = request;
  if (requestId !== '' && requestIdTimeMs(requestId) === undefined) {
    const message = 'The field request_id must be a UUIDv7 in lower case, or be left out.';
    return new Refused(Reason.REQUEST_ID_INVALID, message, { field: 'request_id' });
  }
  if (!isName(tenantId)) return fieldFault('tenant_id', NAME);
  if (flow === undefined) return fieldFault('flow', 'is missing: set exactly one of flow_id, inline_json');
  if (flow.$case === 'flowId' && !isName(flow.value)) return fieldFault('flow_id', NAME);
  if (flow.$case === 'inlineJson' && Buffer.byteLength(flow.value) > MAX_INLINE_BYTES) {
    return fieldFault('inline_json', `must be at most ${MAX_INLINE_BYTES} bytes`);
  }
  if (node.length > MAX_FLOW_DEPTH) return fieldFault('node', `must have at most ${MAX_FLOW_DEPTH} entries`);
  if (isReservedLot(lotId)) return fieldFault('lot_id', 'names a reserved lot');
  if (lotId !== '' && !isName(lotId)) return fieldFault('lot_id', NAME);
  if (call === undefined) return fieldFault('call', 'is missing: give the call');
  const wrong = callFault(call);
  if (wrong !== undefined) return wrong;
  if (capturedDigits !== '' && !isName(capturedDigits)) return fieldFault('captured_digits', NAME);
  if (!isText(note, 512)) return fieldFault('note', 'must be at most 512 characters without control characters');
  if (!(request.mediaControl in MediaControl)) return fieldFault('media_control', 'is not known');
  if (wayIn === undefined) {
    return fieldFault('way_in', 'is missing: set exactly one of direct, blind_transfer, attended_completion');
  }
  if (wayIn.$case !== 'attendedCompletion') return undefined;
  const replaced = wayIn.value.replaced?.callId ?? '';
  const given = /^[\x20-\x7e]{1,256}$/.test(replaced);
  return given ? undefined : fieldFault('attended_completion.replaced.call_id', 'must be the consulting call: its id');
}

/** The `park` node a request means, or why there is none. */
export function parkNodeOf(flow: Flow, path: readonly string[]): ParkNode | Refused {
  const node = nodeAt(flow.root, path);
  if (node === undefined) return fieldFault('node', 'leads to no node of the flow');
  if (node.module === 'park') return node;
  return fieldFault('node', `leads to ${node.module}, and only park is carried out here`);
}

/** How the call has come. */
export function wayInOf(request: ExecuteParkActionRequest): WayIn {
  switch (request.wayIn?.$case) {
    case 'blindTransfer':
      return 'blind';
    case 'attendedCompletion':
      return 'attended';
    case 'direct':
    case undefined:
      return 'direct';
  }
}

function callFault({ mediaNode, callId, callerName, callerNumber, sipCallId }: CallRef): Refused | undefined {
  if (!isName(mediaNode)) return fieldFault('call.media_node', NAME);
  if (!/^[\x20-\x7e]{1,128}$/.test(callId)) {
    return fieldFault('call.call_id', "must be the call's id at its media node: 1 to 128 printable ASCII characters");
  }
  if (!isText(callerName, 128)) return fieldFault('call.caller_name', 'must be at most 128 characters');
  if (!isText(callerNumber, 64)) return fieldFault('call.caller_number', 'must be at most 64 characters');
  if (!/^[\x20-\x7e]{0,256}$/.test(sipCallId)) {
    return fieldFault('call.sip_call_id', 'must be at most 256 printable ASCII characters');
  }
  return undefined;
}
