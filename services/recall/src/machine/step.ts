import { claimed, connected, notClaimed, notConnected } from './answer.js';
import { startMs } from './due.js';
import { after, go, lookAgain, stay } from './go.js';
import { branched, ended, failNow, notEnded, transferred } from './leave.js';
import { decodeNote, type Note, withEnded } from './note.js';
import { prepared, recovered, rest, settle } from './rest.js';
import { admitted, cancelAll, drive, legNews, merged, noted, notNoted } from './ring.js';
import type { Departure, Effect, ParkView, Recall, RecallEvent, Step } from './types.js';

// The recall of one park.
//   L1. Nothing is dialled before the owner has admitted the attempt, the leg stands in its note, and its time has come: an
//       attempt may be admitted `AHEAD_MS` before.
//   L2. How a leg ended is noted before another one is dialled.
//   L3. Nobody is connected with the call before the owner has given it to him; so a pickup and an answer of the same moment
//       have one winner.
//   L4. When the call is somebody's, or gone, or the attempt is over, every leg that has not ended is cancelled; but not the
//       one that has the call, or is being given it, be it by another process.
//   L5. Whatever the owner refuses is not tried again; the record says what is true.
//   L6. A process that begins with the record alone goes on where another one stopped: an attempt that rings, a claim that was
//       not connected, a transfer that was not told.
//   L7. No record, event or state is changed in place.

/** A park that is seen for the first time. */
export function newRecall(park: ParkView, revision: number, nowMs: number): Step {
  return settle({ park, revision, turn: 0, phase: { name: 'rest', notBeforeMs: 0 } }, nowMs);
}

/** What becomes of a recall by an event: pure, and total over every state and event. */
export function step(recall: Recall, event: RecallEvent, nowMs: number): Step {
  switch (event.is) {
    case 'record':
      if (event.revision < recall.revision) return stay(recall);
      return seen({ ...recall, park: event.park, revision: event.revision }, nowMs);
    case 'gone':
      return event.revision < recall.revision ? stay(recall) : gone(recall, event.how);
    case 'due':
      return due(recall, nowMs);
    case 'leg':
      return leg(recall, event, nowMs);
    case 'prepared':
    case 'admitted':
    case 'refused':
    case 'connected':
    case 'not-connected':
    case 'connect-unknown':
    case 'transferred':
    case 'found':
    case 'branch':
      return event.turn === recall.turn ? answered(recall, event, nowMs) : stay(recall);
  }
}

/** When `due` is to be told, wall ms; Infinity: not as it stands. */
export function wakeAtMs(recall: Recall): number {
  const { phase, park } = recall;
  if (phase.name === 'ring') return phase.nextMs;
  if (phase.name === 'ready') return phase.note.beganMs;
  if (phase.name !== 'rest') return Infinity;
  if (park.state.kind === 'parked') return Math.max(startMs(park), phase.notBeforeMs);
  return phase.notBeforeMs === 0 ? Infinity : phase.notBeforeMs;
}

function due(recall: Recall, nowMs: number): Step {
  const { phase } = recall;
  if (phase.name === 'ring') return drive(recall, phase, nowMs);
  if (phase.name === 'ready' && phase.note.beganMs <= nowMs) return admitted(recall, phase, nowMs);
  return phase.name === 'rest' ? settle(recall, nowMs) : stay(recall);
}

type Answer = Exclude<RecallEvent, { is: 'record' | 'gone' | 'due' | 'leg' }>;

function answered(recall: Recall, event: Answer, nowMs: number): Step {
  switch (event.is) {
    case 'prepared':
      return recall.phase.name === 'prepare' ? prepared(recall, recall.phase, event, nowMs) : stay(recall);
    case 'admitted':
      return admittedBy(recall, event, nowMs);
    case 'refused':
      return refused(recall, event.known, nowMs);
    case 'connected':
      return recall.phase.name === 'connect' ? connected(recall, recall.phase) : stay(recall);
    case 'not-connected':
      if (recall.phase.name !== 'connect') return stay(recall);
      return notConnected(recall, recall.phase, event.callerGone, nowMs);
    case 'connect-unknown':
      // They may talk: the claim stands, and is looked into as one that was left behind.
      return recall.phase.name === 'connect' ? lookAgain(recall, nowMs) : stay(recall);
    case 'transferred':
      return recall.phase.name === 'leave' ? transferred(recall, recall.phase, event.result, nowMs) : stay(recall);
    case 'found':
      return recall.phase.name === 'recover' ? recovered(recall, recall.phase, event.fact, nowMs) : stay(recall);
    case 'branch':
      return recall.phase.name === 'branch' ? branched(recall, recall.phase, event.branch, nowMs) : stay(recall);
  }
}

function admittedBy(old: Recall, event: Extract<RecallEvent, { is: 'admitted' }>, nowMs: number): Step {
  const recall = { ...old, revision: Math.max(old.revision, event.revision) };
  const { phase } = recall;
  switch (phase.name) {
    case 'begin': {
      const { kind } = recall.park.state;
      // A younger record came before this answer: the attempt is over already.
      if (old.revision > event.revision && kind !== 'ringback') return settle(rest(recall).recall, nowMs);
      const state = {
        kind: 'ringback' as const,
        untilMs: phase.note.beganMs + phase.plan.ringMs,
        legs: new Uint8Array(),
      };
      const park = kind === 'ringback' ? recall.park : { ...recall.park, attempt: recall.park.attempt + 1, state };
      const begun = { ...recall, park };
      return phase.thenFail === undefined ? admitted(begun, phase, nowMs) : failNow(begun, phase.thenFail);
    }
    case 'ring':
      return noted(recall, phase, nowMs);
    case 'claim':
      if (old.revision > event.revision && recall.park.state.kind !== 'retrieving') {
        return after(cancelAll(phase.note, 'over'), settle(rest(recall).recall, nowMs));
      }
      return claimed(recall, phase, event.retrieveId);
    case 'end': {
      const done = ended(recall, phase);
      // Where the record came first, nothing is waited for.
      return old.revision < event.revision ? done : after(done.effects, settle(rest(recall).recall, nowMs));
    }
    case 'rest':
    case 'prepare':
    case 'ready':
    case 'connect':
    case 'recover':
    case 'branch':
    case 'leave':
    case 'gone':
      return stay(recall);
  }
}

function refused(recall: Recall, known: boolean, nowMs: number): Step {
  const { phase } = recall;
  switch (phase.name) {
    case 'begin':
      return lookAgain(recall, nowMs);
    case 'ring':
      return notNoted(recall, phase, known, nowMs);
    case 'claim':
      return notClaimed(recall, phase, nowMs);
    case 'end':
      return notEnded(recall, phase, known, nowMs);
    case 'rest':
    case 'prepare':
    case 'ready':
    case 'connect':
    case 'recover':
    case 'branch':
    case 'leave':
    case 'gone':
      return stay(recall);
  }
}

/** The record has changed, or is told again. */
function seen(recall: Recall, nowMs: number): Step {
  const { phase, park } = recall;
  const { state } = park;
  switch (phase.name) {
    case 'rest':
      return settle(recall, nowMs);
    case 'prepare':
      // It may have been moved away from its time, picked up, or begun by somebody else meanwhile.
      if (phase.resume === undefined ? state.kind === 'parked' && startMs(park) <= nowMs : state.kind === 'ringback') {
        return stay(recall);
      }
      return after(overtaken(phase.resume, park), settle(rest(recall).recall, nowMs));
    case 'ready':
      // Nothing rings yet: whoever picks the call up now has it.
      return state.kind === 'ringback' ? stay(recall) : settle(rest(recall).recall, nowMs);
    case 'ring':
      if (state.kind === 'ringback') return merged(recall, phase, decodeNote(state.legs), state.untilMs, nowMs);
      return after(overtaken(phase.note, park), settle(rest(recall).recall, nowMs));
    case 'connect':
      if (state.kind === 'retrieving' && state.retrieveId === phase.retrieveId) return stay(recall);
      return after([{ do: 'cancel', legId: phase.legId, cause: 'over' }], settle(rest(recall).recall, nowMs));
    case 'recover':
      if (state.kind === 'retrieving' && state.retrieveId === phase.retrieveId) return stay(recall);
      return settle(rest(recall).recall, nowMs);
    case 'branch':
      if (state.kind === (phase.begun ? 'ringback' : 'parked')) return stay(recall);
      return settle(rest(recall).recall, nowMs);
    case 'end':
      return phase.done ? settle(rest(recall).recall, nowMs) : stay(recall);
    case 'begin':
    case 'claim':
    case 'leave':
      // The answer that is under way tells what to do with it.
      return stay(recall);
    case 'gone':
      return stay(recall);
  }
}

function gone(recall: Recall, how: Departure): Step {
  const { phase } = recall;
  const joined = how === 'joined';
  const step = go(recall, { name: 'gone' });
  switch (phase.name) {
    case 'ring':
    case 'claim':
      return after(cancelAll(phase.note, joined ? 'picked-up' : 'over'), step);
    case 'connect':
    case 'recover':
      return joined ? step : after([{ do: 'cancel', legId: phase.legId, cause: 'over' }], step);
    case 'end':
      // The record may come before the answer to the command that made it.
      return phase.hangUp && !phase.done && how === 'left' ? after([{ do: 'hang-up' }], step) : step;
    case 'begin':
      return after(cancelAll(phase.note, 'over'), step);
    case 'prepare':
      if (phase.resume === undefined) return step;
      return after(cancelAll(phase.resume, joined ? 'picked-up' : 'over'), step);
    case 'rest':
    case 'ready':
    case 'branch':
    case 'leave':
    case 'gone':
      return step;
  }
}

/** What rings for a call that somebody is fetching, or that waits for another attempt. */
function overtaken(note: Note | undefined, { state }: ParkView): Effect[] {
  if (note === undefined) return [];
  return state.kind === 'retrieving' ? cancelAll(note, 'picked-up', state.byCallId) : cancelAll(note, 'over');
}

function leg(recall: Recall, { legId, news }: Extract<RecallEvent, { is: 'leg' }>, nowMs: number): Step {
  const { phase } = recall;
  if (phase.name === 'ring') return legNews(recall, phase, legId, news, nowMs);
  if (phase.name === 'prepare' && phase.resume !== undefined) {
    // It happened while the attempt is being taken up: how its legs stand is asked again.
    const resume = news === 'answered' ? phase.resume : withEnded(phase.resume, legId, news, nowMs);
    return go(recall, { ...phase, resume }, { do: 'prepare', attempt: recall.park.attempt, resume });
  }
  // Too late: somebody else was first, or the call is not here any more.
  if (news !== 'answered') return stay(recall);
  const { state } = recall.park;
  const isIts = (phase.name === 'claim' || phase.name === 'connect') && phase.legId === legId;
  if (isIts || (state.kind === 'retrieving' && state.byCallId === legId)) return stay(recall);
  return stay(recall, { do: 'cancel', legId, cause: 'answered-elsewhere' });
}
