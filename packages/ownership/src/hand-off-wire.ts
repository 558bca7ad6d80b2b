import type { HandOffRequest as WireRequest } from '@parkade/proto';
import { Reason } from '@parkade/proto';
import { type CallFailure, Refused } from '@parkade/rpc';
import type { HandOffRefusal, HandOffRequest, HandOffResult } from './hand-off.js';

/** In `ErrorInfo.metadata`: why a partition was not handed off. */
const REFUSAL = 'hand_off';

const SENTENCES: Readonly<Record<HandOffRefusal, string>> = {
  'not-owner': 'The partition is not owned here.',
  'not-wanted': 'The partition is not placed at the member that asks, as the members are seen here.',
  busy: 'The partition, or too many others, is being loaded or handed off: ask again.',
  'drain-failed': 'What was under way could not be written in time.',
  'write-failed': 'The store did not take the hand-off.',
};

/** As `OwnershipService.HandOff` carries it. */
export function requestToWire(request: HandOffRequest): WireRequest {
  const { role, partition, memberId, address, incarnation, leaseId } = request;
  const [number, partitionName] = typeof partition === 'number' ? [partition, ''] : [0, partition];
  return { role, partition: number, partitionName, memberId, address, incarnation, leaseId };
}

/** As `PartitionOwner.handOff` takes it. */
export function requestFromWire(wire: WireRequest): HandOffRequest {
  const { role, partition, partitionName, memberId, address, incarnation, leaseId } = wire;
  return { role, partition: partitionName === '' ? partition : partitionName, memberId, address, incarnation, leaseId };
}

/** FAILED_PRECONDITION with the reason in its metadata. */
export function refusalToWire({ reason }: Extract<HandOffResult, { ok: false }>): Refused {
  return new Refused(Reason.WRONG_STATE, SENTENCES[reason], { [REFUSAL]: reason });
}

/** The refusal a failed call carries; undefined when it failed otherwise. */
export function refusalOf(failure: CallFailure): HandOffRefusal | undefined {
  const text = failure.metadata[REFUSAL];
  return text !== undefined && isRefusal(text) ? text : undefined;
}

function isRefusal(text: string): text is HandOffRefusal {
  return Object.hasOwn(SENTENCES, text);
}
