import {
  CallRef,
  MediaControl,
  OnOccupied,
  ParkRequest,
  PolicyOverrides,
  RetrieveRequest,
  Selection,
  type Target as WireTarget,
} from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import type { Call, MediaControlName, ParkCall, RetrieveCall, SlotName, Target } from './parks.js';

/** The wire form of a park. */
export function parkRequest(
  tenantId: string,
  requestId: string,
  { call, at, parker, note, recallAfterMs, media }: ParkCall,
): ParkRequest {
  const { userId = '', deviceId = '', extension = '' } = parker ?? {};
  const overrides =
    recallAfterMs === undefined
      ? undefined
      : PolicyOverrides.fromPartial({ ringbackTimeout: toDuration(recallAfterMs) });
  return ParkRequest.fromPartial({
    requestId,
    tenantId,
    target: target(at),
    call: callRef(call),
    parker: { userId, deviceId, extension },
    note: note ?? '',
    onOccupied: OnOccupied.REJECT,
    mediaControl: mediaControl(media),
    ...(overrides === undefined ? {} : { overrides }),
  });
}

export function retrieveRequest(
  tenantId: string,
  requestId: string,
  { from, by, media }: RetrieveCall,
): RetrieveRequest {
  return RetrieveRequest.fromPartial({
    requestId,
    tenantId,
    from: origin(from),
    retriever: callRef(by),
    mediaControl: mediaControl(media),
  });
}

export function slotTarget({ lot = '', slot }: SlotName): { readonly lotId: string; readonly slot: string } {
  return { lotId: lot, slot };
}

function origin(from: RetrieveCall['from']): NonNullable<RetrieveRequest['from']> {
  switch (from.kind) {
    case 'slot':
      return { $case: 'slot', value: slotTarget(from) };
    case 'extension':
      return { $case: 'extension', value: { extension: from.extension } };
    case 'park':
      return { $case: 'parkId', value: from.parkId };
  }
}

function target(at: Target): WireTarget {
  switch (at.kind) {
    case 'slot':
      return { kind: { $case: 'slot', value: slotTarget(at) } };
    case 'any':
      return {
        kind: { $case: 'lot', value: { lotId: at.lot ?? '', selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } },
      };
    case 'extension':
      return { kind: { $case: 'extension', value: { extension: at.extension } } };
    case 'group':
      return { kind: { $case: 'group', value: { groupId: at.group } } };
  }
}

function callRef({ mediaNode, callId, callerName = '', callerNumber = '' }: Call): CallRef {
  return CallRef.fromPartial({ mediaNode, callId, callerName, callerNumber });
}

function mediaControl(name: MediaControlName | undefined): MediaControl {
  return name === 'cluster' ? MediaControl.CLUSTER : MediaControl.CALLER;
}
