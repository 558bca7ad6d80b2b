import { flowOverrides, flowTerms, type ParkNode, type WayIn } from '@parkade/flow';
import {
  type CallKey,
  type CallRef,
  type CompleteReservationRequest,
  type MediaControl,
  OnOccupied,
  type Parker,
  type ParkOrRetrieveRequest,
  type ParkRequest,
  type ReserveRequest,
  type RetrieveRequest,
  Selection,
  type Target,
} from '@parkade/proto';

/** A call that has come to a `park` node, checked. */
export interface Arrival {
  readonly requestId: string;
  readonly tenantId: string;
  /** Empty: `default`. */
  readonly lotId: string;
  /** Empty: the flow came with the request. */
  readonly flowId: string;
  readonly node: ParkNode;
  /** Where the node stands in its flow. */
  readonly path: readonly string[];
  readonly call: CallRef;
  readonly parker: Parker | undefined;
  /** The flow's, else what was dialled; undefined: the next free one. */
  readonly slot: string | undefined;
  readonly wayIn: WayIn;
  /** `attended`: the consulting call. */
  readonly replaced: CallKey | undefined;
  readonly note: string;
  readonly mediaControl: MediaControl;
  /** The lot's word for a slot that is taken. */
  readonly nextFree: boolean;
}

/** A slot that may be held instead of: a taken slot never leaves a transferred call without a place. */
export function parkTransferred(arrival: Arrival, holdIfFull: boolean): ParkRequest {
  const onOccupied = arrival.nextFree ? OnOccupied.NEXT_FREE : OnOccupied.RING_PARKER;
  return { ...placing(arrival, arrival.nextFree ? undefined : arrival.slot), onOccupied, holdIfFull };
}

/** In this very slot, or where none is named, in the next free one. */
export function parkItself(arrival: Arrival): ParkRequest {
  return { ...placing(arrival, arrival.slot), onOccupied: OnOccupied.REJECT };
}

/** In the next free slot, whatever was dialled. */
export function parkAnywhere(arrival: Arrival, holdIfFull: boolean): ParkRequest {
  const anywhere = { ...arrival, slot: undefined };
  return { ...placing(anywhere, undefined), onOccupied: OnOccupied.REJECT, holdIfFull };
}

export function reserve(arrival: Arrival): ReserveRequest {
  return placing(arrival, arrival.slot);
}

export function takeOrReserve(arrival: Arrival, slot: string): ParkOrRetrieveRequest {
  const { requestId, tenantId, lotId, call, parker, note, mediaControl, flowId, node } = arrival;
  return {
    ...{ requestId, tenantId, slot: { lotId, slot }, call, parker, note, mediaControl },
    overrides: flowOverrides(node),
    flow: flowTerms(flowId, node, slot),
    beginOnly: true,
    reserve: true,
  };
}

export function beginRetrieve(arrival: Arrival, slot: string): RetrieveRequest {
  const { requestId, tenantId, lotId, call, mediaControl } = arrival;
  const from = { $case: 'slot', value: { lotId, slot } } as const;
  return { requestId, tenantId, from, retriever: call, mediaControl, giveUpAfter: undefined };
}

export function complete(arrival: Arrival, parkId: string): CompleteReservationRequest {
  const { requestId, tenantId, call } = arrival;
  return { requestId, tenantId, parkId, call };
}

/** `only`: the one slot the call can get; undefined: it may get any. */
function placing(arrival: Arrival, only: string | undefined): ReserveRequest {
  const { requestId, tenantId, call, parker, note, mediaControl, flowId, node } = arrival;
  return {
    ...{ requestId, tenantId, target: target(arrival), call, parker, note, mediaControl },
    overrides: flowOverrides(node),
    flow: flowTerms(flowId, node, only),
  };
}

function target({ lotId, slot }: Arrival): Target {
  if (slot !== undefined) return { kind: { $case: 'slot', value: { lotId, slot } } };
  return { kind: { $case: 'lot', value: { lotId, selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } } };
}
