import { claim } from './answer.js';
import { expiryMs } from './due.js';
import { after, go, lookAgain, stay } from './go.js';
import { failed, leave } from './leave.js';
import {
  decodeNote,
  encodeNote,
  MAX_LEGS,
  type LegOutcome,
  mergeNotes,
  type Note,
  openLegs,
  sameNote,
  withDialled,
  withEnded,
} from './note.js';
import { type PlannedLeg, planLegs } from './plan.js';
import { expiryExit } from './policy.js';
import { progressOf } from './schedule.js';
import type { CancelCause, Effect, LegNews, Phase, Recall, RecallEvent, Ringing, Step } from './types.js';

type RingPhase = Extract<Phase, { name: 'ring' }>;

type Admitted = Pick<Extract<Phase, { name: 'ready' }>, 'policy' | 'plan' | 'note' | 'ring'>;

/** The owner admitted the attempt: its first legs, noted with it, are rung, or wait for their time. */
export function admitted(recall: Recall, { policy, plan, note, ring }: Admitted, nowMs: number): Step {
  const { park } = recall;
  if (nowMs < note.beganMs) return go(recall, { name: 'ready', policy, plan, note, ring });
  const untilMs = park.state.kind === 'ringback' ? park.state.untilMs : nowMs + plan.ringMs;
  const ringing = { policy, plan, note, untilMs, saving: undefined, queued: [], dirty: false, nextMs: 0 };
  const begun = go(recall, { name: 'ring', ...ringing });
  return after(
    ring.map((leg): Effect => ringEffect(ringing, leg, nowMs)),
    drive(begun.recall, { name: 'ring', ...ringing }, nowMs),
  );
}

/** An attempt that another process began: its legs are joined where they are, and rung where they are missing. */
export function takeUp(
  recall: Recall,
  resume: Note,
  { policy, plan, facts }: Extract<RecallEvent, { is: 'prepared' }>,
  nowMs: number,
): Step {
  const { state } = recall.park;
  if (state.kind !== 'ringback') return lookAgain(recall, nowMs);
  const known = new Map(planLegs(plan.root).map((leg) => [leg.legId, leg]));
  const stored = decodeNote(state.legs) ?? resume;
  let note = mergeNotes(resume, stored);
  const ring: PlannedLeg[] = [];
  let answered: string | undefined;
  for (const legId of openLegs(note)) {
    const fact = facts.get(legId) ?? 'unknown';
    const leg = known.get(legId);
    if (fact === 'answered' || fact === 'connected') answered ??= legId;
    // Not known counts as ringing: dialling what rings already is worse than waiting for what does not.
    else if (fact === 'ringing' || fact === 'unknown') continue;
    else if (leg !== undefined) ring.push(leg);
    else note = withEnded(note, legId, 'failed', nowMs);
  }
  const { untilMs } = state;
  const ringing = {
    policy,
    plan,
    note,
    untilMs,
    saving: undefined,
    queued: [],
    nextMs: 0,
    dirty: !sameNote(note, stored),
  };
  const phase: RingPhase = { name: 'ring', ...ringing };
  const taken = go(recall, phase);
  if (answered !== undefined) return claim(taken.recall, phase, answered);
  if (nowMs < note.beganMs) return go(recall, { name: 'ready', policy, plan, note, ring });
  const rung = ring.map((leg) => ringEffect(ringing, leg, nowMs)).filter((effect) => effect.ringMs > 0);
  return after(untilMs > nowMs ? rung : [], drive(taken.recall, phase, nowMs));
}

/** What became of a leg by itself. */
export function legNews(recall: Recall, phase: RingPhase, legId: string, news: LegNews, nowMs: number): Step {
  if (!phase.note.legs.has(legId)) return stay(recall);
  if (news === 'answered') return claim(recall, phase, legId);
  const note = withEnded(phase.note, legId, news satisfies LegOutcome, nowMs);
  if (note === phase.note) return stay(recall);
  return drive(recall, { ...phase, note, dirty: true }, nowMs);
}

/** The note was written: what waited for it is rung. */
export function noted(recall: Recall, phase: RingPhase, nowMs: number): Step {
  const ring = (phase.saving ?? []).map((leg) => ringEffect(phase, leg, nowMs));
  return after(ring, drive(recall, { ...phase, saving: undefined }, nowMs));
}

/** The note was not written: the attempt is over, or nobody knows. */
export function notNoted(recall: Recall, phase: RingPhase, known: boolean, nowMs: number): Step {
  if (known) return lookAgain(recall, nowMs, ...cancelAll(phase.note, 'over'));
  const queued = [...(phase.saving ?? []), ...phase.queued];
  return drive(recall, { ...phase, saving: undefined, queued, dirty: true }, nowMs);
}

/** The record says what was noted, by us or by somebody who believed the partition to be his. */
export function merged(
  recall: Recall,
  phase: RingPhase,
  stored: Note | undefined,
  untilMs: number,
  nowMs: number,
): Step {
  const note = stored === undefined ? phase.note : mergeNotes(phase.note, stored);
  const behind = stored === undefined || !sameNote(note, stored);
  // While a write is under way the record is behind by what that brings.
  const dirty = phase.dirty || (behind && phase.saving === undefined);
  return drive(recall, { ...phase, note, untilMs, dirty }, nowMs);
}

/** Dials, gives up and records as the plan says for now. */
export function drive(recall: Recall, phase: RingPhase, nowMs: number): Step {
  const { plan, policy } = phase;
  const endMs = Math.min(phase.untilMs, expiryMs(recall.park));
  const effects: Effect[] = [];
  let { note, dirty } = phase;
  let progress = progressOf(plan.root, note.legs, note.beganMs, nowMs);
  while (progress.expired.length > 0) {
    for (const legId of progress.expired) {
      effects.push({ do: 'cancel', legId, cause: 'no-answer' });
      note = withEnded(note, legId, 'no-answer', nowMs);
    }
    dirty = true;
    progress = progressOf(plan.root, note.legs, note.beganMs, nowMs);
  }
  if (nowMs >= endMs) {
    const cancelled = [...effects, ...cancelAll(note, 'no-answer')];
    if (nowMs < expiryMs(recall.park)) return after(cancelled, failed(recall, policy, timeUp(note)));
    return after(cancelled, leave(recall, policy, 'expired', expiryExit(policy), 'max-park', true));
  }
  if (!plan.byClient && progress.over && openLegs(note).length === 0) {
    return after(effects, failed(recall, policy, reasonOf(note)));
  }
  const dial = progress.dial.slice(0, MAX_LEGS - note.legs.size);
  const queued = [...phase.queued, ...dial];
  for (const leg of dial) {
    note = withDialled(note, leg.legId, nowMs);
    dirty = true;
  }
  const next: RingPhase = { ...phase, note, dirty, queued, nextMs: Math.min(endMs, progress.nextMs) };
  if (!dirty || phase.saving !== undefined) return after(effects, { recall: { ...recall, phase: next }, effects: [] });
  effects.push({ do: 'note', attempt: recall.park.attempt, legs: encodeNote(note) });
  const saved: RingPhase = { ...next, saving: queued, queued: [], dirty: false };
  return { recall: { ...recall, phase: saved }, effects };
}

/** Cancels every leg that has not ended, `except` left out. */
export function cancelAll(note: Note, cause: CancelCause, except?: string): Effect[] {
  return openLegs(note)
    .filter((legId) => legId !== except)
    .map((legId): Effect => ({ do: 'cancel', legId, cause }));
}

function ringEffect(
  { policy, note, untilMs }: Pick<Ringing, 'policy' | 'note' | 'untilMs'>,
  leg: PlannedLeg,
  nowMs: number,
): Extract<Effect, { do: 'ring' }> {
  const dialledAtMs = note.legs.get(leg.legId)?.dialledAtMs ?? nowMs;
  const ringMs = Math.max(0, Math.min(dialledAtMs + leg.timeoutMs, untilMs) - nowMs);
  return { do: 'ring', leg, ringMs, policy };
}

/** Why an attempt failed whose time is over: what rang to the end was not answered. */
function timeUp(note: Note): string {
  return note.legs.size === 0 || openLegs(note).length > 0 ? 'no-answer' : reasonOf(note);
}

/** Why an attempt failed: somebody did not answer, else what all of them said, else the first. */
function reasonOf(note: Note): string {
  const outcomes = [...note.legs.values()].flatMap(({ ended }) => (ended === undefined ? [] : [ended.outcome]));
  return outcomes.includes('no-answer') ? 'no-answer' : (outcomes[0] ?? 'no-answer');
}
