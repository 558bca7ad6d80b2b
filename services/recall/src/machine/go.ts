import type { Effect, Phase, Recall, Step } from './types.js';

/** The same phase, changed or not. */
export function stay(recall: Recall, ...effects: readonly Effect[]): Step {
  return { recall, effects };
}

/** Another phase: answers to what was asked before do not count any more. */
export function go(recall: Recall, phase: Phase, ...effects: readonly Effect[]): Step {
  return { recall: { ...recall, phase, turn: recall.turn + 1 }, effects };
}

/** `effects`, and then what `step` does. */
export function after(effects: readonly Effect[], step: Step): Step {
  return effects.length === 0 ? step : { recall: step.recall, effects: [...effects, ...step.effects] };
}

/** How long to wait, in ms, before looking again where the owner's answer was none. */
export const LOOK_AGAIN_MS = 1_000;

/** Rests until the record says something new; what it says now counts again after `LOOK_AGAIN_MS`. */
export function lookAgain(recall: Recall, nowMs: number, ...effects: readonly Effect[]): Step {
  return go(recall, { name: 'rest', notBeforeMs: nowMs + LOOK_AGAIN_MS }, ...effects);
}
