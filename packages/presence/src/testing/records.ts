import {
  type CallRef,
  Direction,
  MediaControl,
  type ParkRecord,
  PresenceType,
  type SlotRecord,
  type Transition,
  TransitionKind,
} from '@parkade/proto';
import { EventLines } from '../event-lines.js';

/** A call, for tests. */
export function testCall(callId: string, changes: Partial<CallRef> = {}): CallRef {
  return {
    mediaNode: 'fs-1',
    callId,
    callerName: 'Ada Lovelace',
    callerNumber: '+441632960001',
    direction: Direction.INBOUND,
    sipCallId: '',
    ...changes,
  };
}

/** A park that waits, for tests. */
export function testPark(parkId: string, presenceId = '*3701', changes: Partial<ParkRecord> = {}): ParkRecord {
  return {
    parkId,
    call: testCall(`call-${parkId}`),
    parker: { userId: 'u1', deviceId: 'd1', extension: '101' },
    note: '',
    parkedAtMs: 1_700_000_000_000,
    policy: {
      ringbackTimeoutMs: 120_000,
      callbackTimeoutMs: 30_000,
      presenceType: PresenceType.EARLY,
      presenceId,
      maxParkMs: 0,
      settingsRevision: 1,
    },
    mediaControl: MediaControl.CALLER,
    recallAttempt: 0,
    state: { $case: 'parked', value: { recallAtMs: 1_700_000_120_000 } },
    previousParkId: '',
    ...changes,
  };
}

/** A transition, for tests. */
export function testTransition(changes: Partial<Transition> = {}): Transition {
  return {
    kind: TransitionKind.PARKED,
    parkId: 'p1',
    atMs: 1_700_000_000_000,
    reason: '',
    call: testCall('call-p1'),
    parker: undefined,
    retriever: undefined,
    requestId: '',
    other: undefined,
    otherParkId: '',
    presenceId: '*3701',
    attempt: 0,
    previousRevision: 0,
    ...changes,
  };
}

/** Slot 701 of the lot `default` of `acme`, for tests. */
export function testRecord(changes: Partial<SlotRecord> = {}): SlotRecord {
  return {
    name: { tenantId: 'acme', lotId: 'default', slot: '701' },
    parks: [],
    last: testTransition(),
    documentVersion: 1_700_000_000,
    litPresenceId: '',
    ended: [],
    ...changes,
  };
}

/** The line of one event; undefined where the record holds no transition. */
export function eventLine(slotKey: string, record: SlotRecord, revision: number): string | undefined {
  const lines = new EventLines();
  lines.add(slotKey, record, revision);
  return lines.empty ? undefined : Buffer.from(lines.bytes).toString('utf8');
}
