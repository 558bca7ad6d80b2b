import type { Clock } from '@parkade/clock';
import type { GatewayLimits } from './config.js';

/** Monotonic ms at which a caller's time is over. */
export type Deadline = number;

/** The deadline of a command that allows `timeoutMs` from now; undefined: the default. Cut to the longest time allowed. */
export function deadlineIn(timeoutMs: number | undefined, clock: Clock, limits: GatewayLimits): Deadline {
  return clock.monotonicMs() + Math.min(timeoutMs ?? limits.defaultTimeoutMs, limits.maxTimeoutMs);
}

/**
 * The deadline of a unary call that ends at `deadlineMs` (wall; Infinity: the caller set none). A little earlier than the
 * caller's own, so that it hears the reason and not merely that its time is over.
 */
export function unaryDeadline(deadlineMs: number, clock: Clock, limits: GatewayLimits): Deadline {
  if (deadlineMs === Infinity) return deadlineIn(undefined, clock, limits);
  const leftMs = Math.max(0, deadlineMs - clock.nowMs());
  return deadlineIn(leftMs - Math.min(limits.answerMarginMs, leftMs / 4), clock, limits);
}
