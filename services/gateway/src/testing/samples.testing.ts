import { SeededRandom, SystemClock } from '@parkade/clock';
import { newParkId, newRequestId } from '@parkade/ids';
import {
  type CallRef,
  type CommandAnswer,
  Direction,
  MediaControl,
  OnOccupied,
  type Park,
  type ParkRecord,
  type ParkRequest,
  ParkState,
  PresenceType,
  Reason,
  type RetrieveRequest,
  Selection,
  type SlotRecord,
} from '@parkade/proto';

const random = new SeededRandom(7);
const clock = new SystemClock();

export const call: CallRef = {
  mediaNode: 'fs1',
  callId: 'c-1',
  callerName: 'Ada',
  callerNumber: '+49301234',
  direction: Direction.INBOUND,
  sipCallId: '',
};

export function requestId(): string {
  return newRequestId(clock.nowMs(), random);
}

export function parkIdIn(shard: number): string {
  return newParkId(clock.nowMs(), shard, random);
}

/** A good request to park in slot 701 of the lot `default`. */
export function parkRequest(changes: Partial<ParkRequest> = {}): ParkRequest {
  return {
    requestId: requestId(),
    tenantId: 'acme',
    target: { kind: { $case: 'slot', value: { lotId: '', slot: '701' } } },
    call,
    parker: { userId: 'u1', deviceId: '', extension: '201' },
    note: '',
    onOccupied: OnOccupied.UNSPECIFIED,
    mediaControl: MediaControl.CALLER,
    overrides: undefined,
    ...changes,
  };
}

/** The same in any free slot of a lot. */
export function parkAnywhere(lotId: string, changes: Partial<ParkRequest> = {}): ParkRequest {
  const value = { lotId, selection: Selection.UNSPECIFIED, maxSlotNumber: 0 };
  return parkRequest({ target: { kind: { $case: 'lot', value } }, ...changes });
}

export function retrieveRequest(changes: Partial<RetrieveRequest> = {}): RetrieveRequest {
  return {
    requestId: requestId(),
    tenantId: 'acme',
    from: { $case: 'slot', value: { lotId: '', slot: '701' } },
    retriever: { ...call, callId: 'c-2' },
    mediaControl: MediaControl.CALLER,
    giveUpAfter: undefined,
    ...changes,
  };
}

export function park(changes: Partial<Park> = {}): Park {
  return {
    parkId: parkIdIn(0),
    tenantId: 'acme',
    lotId: 'default',
    slot: '701',
    state: ParkState.PARKED,
    call,
    parker: undefined,
    note: '',
    parkedAt: undefined,
    recallAt: undefined,
    revision: 7,
    mediaControl: MediaControl.CALLER,
    retriever: undefined,
    retrieveId: '',
    giveUpAt: undefined,
    recallAttempt: 0,
    settingsRevision: 0,
    reservedUntil: undefined,
    previousParkId: '',
    endReason: '',
    policy: undefined,
    ...changes,
  };
}

/** Answers of an owner. */
export const says = {
  park: (changes: Partial<Park> = {}): CommandAnswer['result'] => ({ $case: 'park', value: park(changes) }),
  refusal: (reason: Reason, metadata: Record<string, string> = {}): CommandAnswer['result'] => ({
    $case: 'refusal',
    value: { reason, message: `refused: ${Reason[reason]}`, metadata },
  }),
  notOwner: (address = '', epoch = 0): CommandAnswer['result'] => ({ $case: 'notOwner', value: { address, epoch } }),
  partFull: { $case: 'partFull', value: { beyondMax: 0 } } as CommandAnswer['result'],
  beyondMax: (beyondMax: number): CommandAnswer['result'] => ({ $case: 'partFull', value: { beyondMax } }),
  toPart: (part: number, step: number): CommandAnswer['result'] => ({
    $case: 'route',
    value: { to: { $case: 'part', value: part }, step, beyondMax: 0 },
  }),
  toLot: (lotId: string, step: number): CommandAnswer['result'] => ({
    $case: 'route',
    value: { to: { $case: 'lotId', value: lotId }, step, beyondMax: 0 },
  }),
  full: (step: number, beyondMax = 0): CommandAnswer['result'] => ({
    $case: 'route',
    value: { to: { $case: 'full', value: true }, step, beyondMax },
  }),
};

/** A record with one parked call, or without `callId` a freed slot's. */
export function record(lotId: string, slot: string, callId?: string): SlotRecord {
  const parked: ParkRecord = {
    parkId: parkIdIn(0),
    call: { ...call, callId: callId ?? '' },
    parker: undefined,
    note: '',
    parkedAtMs: 1_700_000_000_000,
    policy: {
      ringbackTimeoutMs: 45_000,
      callbackTimeoutMs: 30_000,
      presenceType: PresenceType.EARLY,
      presenceId: `*3${slot}`,
      maxParkMs: 0,
      settingsRevision: 1,
    },
    mediaControl: MediaControl.CALLER,
    recallAttempt: 0,
    state: { $case: 'parked', value: { recallAtMs: 1_700_000_045_000 } },
    previousParkId: '',
  };
  const parks = callId === undefined ? [] : [parked];
  const name = { tenantId: 'acme', lotId, slot };
  return { name, parks, last: undefined, documentVersion: 1, litPresenceId: '', ended: [] };
}
