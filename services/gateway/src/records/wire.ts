import {
  CallRef,
  Direction,
  type ListParkHistoryRequest,
  type ParkLife as WireLife,
  type Timestamp,
} from '@parkade/proto';
import type { AuditRecord as WireAudit, DeadLetter as WireLetter } from '@parkade/proto/admin';
import type { CallJson } from '@parkade/presence';
import type { AuditRecord, DeadLetter, HistoryQuery, ParkLife } from '@parkade/records';
import { timestampMs } from '@parkade/rpc';

/** What is recorded, in the words of the protos. */
export function wireLife(life: ParkLife): WireLife {
  return {
    parkId: life.park_id,
    lotId: life.lot,
    slot: life.slot,
    call: wireCall(life.call),
    parker:
      life.parker === null
        ? undefined
        : { userId: life.parker.user_id, deviceId: life.parker.device_id, extension: life.parker.extension },
    parkedAt: timestamp(life.parked_at_ms),
    endedAt: life.ended_at_ms === 0 ? undefined : timestamp(life.ended_at_ms),
    outcome: life.outcome,
    reason: life.reason,
    retriever: wireCall(life.retriever),
    recalls: life.recalls,
    previousParkId: life.moved_from?.park_id ?? '',
    nextParkId: life.moved_to?.park_id ?? '',
    steps: life.steps.map((step) => ({
      kind: step.kind,
      at: timestamp(step.at_ms),
      reason: step.reason,
      attempt: step.attempt,
      retriever: wireCall(step.retriever),
      requestId: step.request_id,
      principal: step.by?.principal ?? '',
    })),
    stepsLeftOut: life.steps_left_out,
  };
}

export function wireAudit(record: AuditRecord): WireAudit {
  const { id, at_ms, principal, peer, operation, things, revision_before, revision_after, request_id, kind } = record;
  return {
    ...{ id, at: timestamp(at_ms), principal, peer, operation, things: [...things], kind },
    revisionBefore: revision_before,
    revisionAfter: revision_after,
    requestId: request_id,
  };
}

export function wireLetter({ n, event, at_ms, attempts, error }: DeadLetter): WireLetter {
  return { number: n, eventId: event.id, event: JSON.stringify(event), at: timestamp(at_ms), attempts, error };
}

export function historyQuery({ from, to, ...rest }: ListParkHistoryRequest): HistoryQuery {
  return { ...rest, fromMs: ms(from), toMs: ms(to) };
}

/** 0: it is absent. */
export function ms(timestampGiven: Timestamp | undefined): number {
  return timestampGiven === undefined ? 0 : timestampMs(timestampGiven);
}

function timestamp(atMs: number): Timestamp {
  const seconds = Math.floor(atMs / 1_000);
  return { seconds, nanos: (atMs - seconds * 1_000) * 1_000_000 };
}

const DIRECTIONS = {
  inbound: Direction.INBOUND,
  outbound: Direction.OUTBOUND,
  unknown: Direction.UNSPECIFIED,
} as const;

function wireCall(call: CallJson | null): CallRef | undefined {
  if (call === null) return undefined;
  return CallRef.fromPartial({
    mediaNode: call.media_node,
    callId: call.call_id,
    callerName: call.caller_name,
    callerNumber: call.caller_number,
    direction: DIRECTIONS[call.direction],
    sipCallId: call.sip_call_id,
  });
}
