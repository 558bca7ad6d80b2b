import { callUnary } from '@parkade/cli';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import {
  type Park,
  ParkRequest,
  type ParkServiceClient,
  RetrieveRequest,
  Selection,
  type Target,
} from '@parkade/proto';
import { type CallFailure, callFailure } from '@parkade/rpc';

const clock = new SystemClock();
const random = new SystemRandom();

/** Long enough for a busy machine: a test that needs a shorter time says so. */
export const CALL_MS = 15_000;

/** A new request id. */
export function requestId(): string {
  return newRequestId(clock.nowMs(), random);
}

/** A park of `callId` in a numbered slot of the lot `default`, or (without a slot) in any free one. */
export function parkRequest(tenantId: string, slot: string | undefined, callId: string): ParkRequest {
  return ParkRequest.fromPartial({
    requestId: requestId(),
    tenantId,
    target: target(slot),
    call: { mediaNode: 'node-1', callId, callerName: `caller of ${callId}` },
    parker: { userId: 'alice' },
  });
}

function target(slot: string | undefined): Target {
  if (slot !== undefined) return { kind: { $case: 'slot', value: { lotId: '', slot } } };
  return { kind: { $case: 'lot', value: { lotId: '', selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } } };
}

/** A retrieve by `callId` of the oldest call in a slot of the lot `default`. */
export function retrieveRequest(tenantId: string, slot: string, callId: string): RetrieveRequest {
  return RetrieveRequest.fromPartial({
    requestId: requestId(),
    tenantId,
    from: { $case: 'slot', value: { lotId: '', slot } },
    retriever: { mediaNode: 'node-1', callId },
  });
}

/** A retrieve by `callId` of one park. */
export function retrieveParkRequest(tenantId: string, parkId: string, callId: string): RetrieveRequest {
  return { ...retrieveRequest(tenantId, '', callId), from: { $case: 'parkId', value: parkId } };
}

/** Parks, or rejects with the `ServiceError`. */
export async function park(client: ParkServiceClient, request: ParkRequest, timeoutMs = CALL_MS): Promise<Park> {
  return parkOf(await callUnary(client.park.bind(client), request, timeoutMs, clock));
}

/** Retrieves, or rejects with the `ServiceError`. */
export async function retrieve(
  client: ParkServiceClient,
  request: RetrieveRequest,
  timeoutMs = CALL_MS,
): Promise<Park> {
  return parkOf(await callUnary(client.retrieve.bind(client), request, timeoutMs, clock));
}

/** What a call was refused with; throws when it was not refused. */
export async function failureOf(call: Promise<unknown>): Promise<CallFailure> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return callFailure(error);
  }
  throw new Error(`it was not refused: ${JSON.stringify(answer)}`);
}

/** The n-th of a list, from 0 on and round again. */
export function pick<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

function parkOf({ park }: { readonly park: Park | undefined }): Park {
  if (park === undefined) throw new Error('the answer names no park');
  return park;
}
