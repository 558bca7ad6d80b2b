import type { LegState } from './note.js';
import type { PlanNode, PlannedLeg } from './plan.js';

/** Where a plan stands. */
export interface Progress {
  /** To be dialled now. */
  readonly dial: readonly PlannedLeg[];
  /** Rang their time: to be cancelled. */
  readonly expired: readonly string[];
  /** When to look again, wall ms; Infinity: when a leg says something. */
  readonly nextMs: number;
  /** Whether every part is over. */
  readonly over: boolean;
}

/** What is to do for a plan that began at `beganMs`, its legs being as they are. Pure: looking twice says the same. */
export function progressOf(
  root: PlanNode,
  legs: ReadonlyMap<string, LegState>,
  beganMs: number,
  nowMs: number,
): Progress {
  const dial: PlannedLeg[] = [];
  const expired: string[] = [];
  let nextMs = Infinity;

  /** When the part was over; undefined: it is not. */
  const visit = (node: PlanNode, startMs: number): number | undefined => {
    if (node.kind === 'leg') return visitLeg(node.leg, startMs);
    let endMs: number | undefined = startMs;
    for (const { delayMs, node: inner } of node.parts) {
      const from: number = node.kind === 'turns' ? (endMs ?? startMs) : startMs;
      const end = visit(inner, from + delayMs);
      if (end === undefined && node.kind === 'turns') return undefined;
      endMs = end === undefined || endMs === undefined ? undefined : Math.max(endMs, end);
    }
    return endMs;
  };

  const visitLeg = (leg: PlannedLeg, startMs: number): number | undefined => {
    const state = legs.get(leg.legId);
    if (state?.ended !== undefined) return state.ended.atMs;
    if (state === undefined) {
      if (startMs <= nowMs) dial.push(leg);
      else nextMs = Math.min(nextMs, startMs);
      return undefined;
    }
    const untilMs = state.dialledAtMs + leg.timeoutMs;
    if (untilMs <= nowMs) expired.push(leg.legId);
    else nextMs = Math.min(nextMs, untilMs);
    return undefined;
  };

  const over = visit(root, beganMs) !== undefined;
  return { dial, expired, nextMs, over };
}
