import {
  type CallRef,
  Direction,
  FailedRecallNext,
  MediaControl,
  type Policy,
  PresenceType,
  type SlotName,
  type SlotRecord,
} from '@parkade/proto';
import { step } from '../step.js';
import type { Arrival, SlotCommand, Step, StepContext } from '../types.js';

/** A moment to start at: whole seconds, so that what is left of them is easy to read. */
export const T0 = 1_800_000_000_000;

export const NAME: SlotName = { tenantId: 'acme', lotId: 'main', slot: '701' };

/** A context at `T0` plus `afterMs`. */
export function at(afterMs: number, overrides: Partial<StepContext> = {}): StepContext {
  return { nowMs: T0 + afterMs, name: NAME, capacity: 1, transferGraceMs: 5000, ...overrides };
}

/** A call at media node `m1`. */
export function call(callId: string): CallRef {
  return {
    mediaNode: 'm1',
    callId,
    callerName: '',
    callerNumber: '',
    direction: Direction.INBOUND,
    sipCallId: '',
  };
}

/** Two minutes, rung for 30 s, no bound, lamp `*3701` early. */
export function policy(overrides: Partial<Policy> = {}): Policy {
  return {
    ringbackTimeoutMs: 120_000,
    callbackTimeoutMs: 30_000,
    presenceType: PresenceType.EARLY,
    presenceId: '*3701',
    maxParkMs: 0,
    settingsRevision: 7,
    ...overrides,
  };
}

/** A call `callId` that arrives as park `parkId`, parked by 1001. */
export function arrival(parkId: string, callId: string, overrides: Partial<Arrival> = {}): Arrival {
  return {
    requestId: `request-${parkId}`,
    parkId,
    call: call(callId),
    parker: { userId: '1001', deviceId: '', extension: '1001' },
    note: '',
    policy: policy(),
    mediaControl: MediaControl.CALLER,
    ...overrides,
  };
}

/** A command, and how long after `T0` it comes. */
export type Moment = readonly [afterMs: number, command: SlotCommand];

/** The record after these commands at these times; throws when one is not applied. */
export function play(...script: readonly Moment[]): SlotRecord {
  let record: SlotRecord | undefined;
  for (const [afterMs, command] of script) record = applied(step(record, command, at(afterMs, { capacity: 3 }))).record;
  if (record === undefined) throw new Error('nothing was played');
  return record;
}

/** The step as an applied one; throws with the refusal when it is not. */
export function applied(result: Step): Extract<Step, { kind: 'apply' }> {
  if (result.kind === 'apply') return result;
  throw new Error(result.kind === 'refuse' ? result.refusal.message : 'nothing happened');
}

/** In the place of a SHA-256. */
function digestOf(secret: string): Uint8Array {
  return Buffer.from(secret.padEnd(32, '.'));
}

/** Commands with what rarely matters filled in. */
export const commands = {
  park: (parkId: string, callId: string, overrides: Partial<Arrival> = {}): SlotCommand => ({
    kind: 'park',
    ...arrival(parkId, callId, overrides),
  }),
  reserve: (parkId: string, callId: string, overrides: Partial<Arrival> = {}): SlotCommand => ({
    kind: 'reserve',
    ...arrival(parkId, callId, overrides),
  }),
  complete: (parkId: string, callId: string): SlotCommand => ({
    kind: 'complete',
    requestId: 'complete',
    parkId,
    call: call(callId),
  }),
  begin: (
    parkId: string | undefined,
    by: string,
    retrieveId: string,
    giveUpAfterMs = 10_000,
    secret?: string,
  ): SlotCommand => ({
    kind: 'begin-retrieve',
    requestId: 'begin',
    parkId,
    retrieveId,
    by: call(by),
    giveUpAfterMs,
    pickupDigest: secret === undefined ? undefined : digestOf(secret),
  }),
  claim: (
    parkId: string,
    secret: string,
    from = [call('').mediaNode],
    mediaNode = call('').mediaNode,
  ): SlotCommand => ({
    kind: 'claim-pickup',
    requestId: 'claim',
    parkId,
    digest: digestOf(secret),
    mediaNode,
    fromMediaNodes: from,
  }),
  confirm: (parkId: string, retrieveId: string): SlotCommand => ({
    kind: 'confirm-retrieve',
    requestId: 'confirm',
    parkId,
    retrieveId,
  }),
  giveBack: (parkId: string, retrieveId: string, cause = 'busy', ifUnclaimed = false): SlotCommand => ({
    kind: 'give-back',
    requestId: 'give-back',
    parkId,
    retrieveId,
    cause,
    ifUnclaimed,
  }),
  retrieve: (parkId: string | undefined, by: string): SlotCommand => ({
    kind: 'retrieve',
    requestId: 'retrieve',
    parkId,
    by: call(by),
  }),
  release: (
    parkId: string,
    cause: Extract<SlotCommand, { kind: 'release' }>['cause'] = 'released',
    callId?: string,
  ): SlotCommand => ({
    ...{ kind: 'release', requestId: 'release', parkId, cause, callId },
    destination: cause === 'escaped' ? '5000' : '',
  }),
  extend: (parkId: string, recallInMs: number): SlotCommand => ({
    kind: 'extend',
    requestId: 'extend',
    parkId,
    recallInMs,
  }),
  renew: (parkId: string, changes: Partial<Policy> = {}): SlotCommand => ({
    kind: 'renew',
    requestId: 'renew',
    parkId,
    policy: policy(changes),
  }),
  beginRecall: (parkId: string, attempt: number, legs: Uint8Array = new Uint8Array()): SlotCommand => ({
    kind: 'begin-recall',
    requestId: 'recall',
    parkId,
    attempt,
    ringMs: 30_000,
    legs,
  }),
  noteRecall: (parkId: string, attempt: number, untilMs = 0): SlotCommand => ({
    kind: 'note-recall',
    requestId: 'note',
    parkId,
    attempt,
    legs: new Uint8Array([1, 2, 3]),
    untilMs,
  }),
  endRecall: (
    parkId: string,
    attempt: number,
    outcome: Extract<SlotCommand, { kind: 'end-recall' }>['outcome'],
    nextRecallMs = 120_000,
    next = FailedRecallNext.RETRY,
  ): SlotCommand => ({
    kind: 'end-recall',
    requestId: 'end',
    parkId,
    attempt,
    outcome,
    reason: 'because',
    answeredBy: call('parker'),
    nextRecallMs,
    next,
  }),
  moveOut: (parkId: string, slot = '702'): SlotCommand => ({
    kind: 'move-out',
    requestId: 'move',
    parkId,
    to: { ...NAME, slot },
    nextParkId: `${parkId}-next`,
  }),
  hold: (parkId: string, moveId = 'move', untilMs = T0 + 5000): SlotCommand => ({
    kind: 'hold-for-move',
    requestId: moveId,
    parkId,
    fromParkId: 'from',
    untilMs,
  }),
  dropHold: (moveId = 'move'): SlotCommand => ({ kind: 'drop-hold', moveId }),
  tick: { kind: 'tick' } satisfies SlotCommand as SlotCommand,
};
