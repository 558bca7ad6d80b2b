import type { Clock } from '@parkade/clock';
import { type Park, Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import type { Outcome } from './history.js';

/** What one attempt was told. */
export type Told =
  { readonly park: Park } | { readonly saw: string | undefined } | { readonly refused: Reason } | 'unknown';

/** One time that a request was sent; monotonic ms. */
export interface Attempt {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly told: Told;
}

/** What a client may be told although nobody knows, or nobody says, what became of its request. */
const UNKNOWN: ReadonlySet<Reason> = new Set([
  Reason.DEADLINE,
  Reason.NO_OWNER,
  Reason.STORE_UNAVAILABLE,
  Reason.OVERLOADED,
  Reason.DRAINING,
  Reason.STORE_FULL,
]);

/** Makes one attempt and says when it was asked and answered, and what was told. */
export async function attemptOf(clock: Clock, act: () => Promise<Told>): Promise<Attempt> {
  const askedAt = clock.monotonicMs();
  let told: Told;
  try {
    told = await act();
  } catch (error) {
    const { reason } = callFailure(error);
    told = reason === undefined || UNKNOWN.has(reason) ? 'unknown' : { refused: reason };
  }
  return { askedAt, answeredAt: clock.monotonicMs(), told };
}

/** What a refusal says of a slot; undefined: nothing that should ever be told here. */
export function refusalOutcome(reason: Reason): Outcome | undefined {
  switch (reason) {
    case Reason.SLOT_OCCUPIED:
      return { kind: 'occupied' };
    case Reason.CALL_ALREADY_PARKED:
      return { kind: 'parked-already' };
    case Reason.SLOT_EMPTY:
      return { kind: 'empty' };
    case Reason.PARK_ENDED:
    case Reason.PARK_NOT_FOUND:
      return { kind: 'ended' };
    default:
      return undefined;
  }
}
