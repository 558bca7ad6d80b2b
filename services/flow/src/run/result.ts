import { childOf, type Deed, MAX_SLOT_CHILD, type Verdict } from '@parkade/flow';
import { HOLDING_LOT } from '@parkade/ids';
import {
  type ExecuteParkActionResponse,
  type NextChild,
  type Park,
  ParkActionOutcome,
  type Prompt,
  PromptKind,
  PromptListener,
  Reason,
} from '@parkade/proto';
import type { Refused } from '@parkade/rpc';
import type { Arrival } from './arrival.js';

/** What became of a call; the request id is filled in at the border. */
export type Result = Omit<ExecuteParkActionResponse, 'requestId'>;

const NOTHING: Result = {
  outcome: ParkActionOutcome.UNSPECIFIED,
  park: undefined,
  answer: false,
  prompt: undefined,
  next: undefined,
  reason: Reason.UNSPECIFIED,
};

const OUTCOMES = {
  parked: ParkActionOutcome.PARKED,
  reserved: ParkActionOutcome.RESERVED,
  'retrieve-begun': ParkActionOutcome.RETRIEVE_BEGUN,
} as const;

/** It waits, has reserved, or retrieves. Only `direct_park` leaves the call unanswered. */
export function done(
  verdict: Extract<Verdict, { is: 'parked' | 'reserved' | 'retrieve-begun' }>,
  park: Park,
  deed: Deed,
): Result {
  const outcome = OUTCOMES[verdict.is];
  return { ...NOTHING, outcome, park, answer: deed !== 'park-itself', prompt: prompt(verdict.says, park.slot, deed) };
}

/** It waits in the holding lot; `reason`: why it has no slot. */
export function held(park: Park, reason: Reason): Result {
  return { ...NOTHING, outcome: ParkActionOutcome.HELD, park, answer: true, reason };
}

export function isHeld(park: Park): boolean {
  return park.lotId === HOLDING_LOT;
}

/** Nothing was changed. A transferred call is never hung up: it goes back. */
export function rejected(
  deed: Deed,
  says: PromptKind | undefined,
  slot: string,
  reason: Reason,
  answer = deed !== 'park-itself',
): Result {
  if (isTransferred(deed)) {
    const told = prompt(says, slot, deed);
    return { ...NOTHING, outcome: ParkActionOutcome.RETURN_TO_PARKER, answer: true, prompt: told, reason };
  }
  const heard = answer ? prompt(says, slot, deed) : undefined;
  return { ...NOTHING, outcome: ParkActionOutcome.REJECTED, answer, prompt: heard, reason };
}

/** The flow goes on, where it has a child for calls without a slot. */
export function left(arrival: Arrival, deed: Deed, refused: Refused): Result {
  const next = nextChild(arrival, MAX_SLOT_CHILD);
  if (next === undefined) return rejected(deed, PromptKind.NO_FREE_SLOT, arrival.slot ?? '', refused.reason);
  return { ...NOTHING, outcome: ParkActionOutcome.CONTINUE, next, reason: refused.reason };
}

export function skipped(arrival: Arrival): Result {
  return { ...NOTHING, outcome: ParkActionOutcome.SKIPPED, next: nextChild(arrival) };
}

/** Whether the call was put here by somebody who has left the line. */
export function isTransferred(deed: Deed): boolean {
  return deed === 'complete' || deed === 'park-transferred';
}

function prompt(kind: PromptKind | undefined, slot: string, deed: Deed): Prompt | undefined {
  if (kind === undefined) return undefined;
  const listener = isTransferred(deed) ? PromptListener.PARKER : PromptListener.CALL;
  return { kind, listener, slot };
}

function nextChild({ node, path }: Arrival, ...keys: readonly string[]): NextChild | undefined {
  const child = childOf(node, ...keys);
  if (child === undefined) return undefined;
  const { key } = child;
  const { module, json } = child.node;
  const target = child.node.module === 'park' ? undefined : child.node.target;
  return { key, node: [...path, key], module, json: JSON.stringify(json), target };
}
