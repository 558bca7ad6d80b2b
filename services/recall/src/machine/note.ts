import { RecallLegOutcome, RecallNote } from '@parkade/proto';
import { legIdBytes, legIdFrom } from './leg-id.js';

/** Legs of one attempt at most: what a note has room for. */
export const MAX_LEGS = 48;

/** How a leg ended. */
export type LegOutcome = 'no-answer' | 'busy' | 'unregistered' | 'failed' | 'hung-up';

/** One leg of an attempt. Times wall ms. */
export interface LegState {
  readonly dialledAtMs: number;
  readonly ended: { readonly atMs: number; readonly outcome: LegOutcome } | undefined;
}

/**
 * What is kept with a ringing park; `parkade.recall.v1.RecallNote` says why and how it is stored.
 *
 *   N1. `merge` is associative, commutative and idempotent: notes of two processes come to the same, in whatever order.
 *   N2. Nothing that was noted is forgotten by merging: no leg, no outcome.
 */
export interface Note {
  readonly beganMs: number;
  /** Empty: the parker is rung. */
  readonly groupId: string;
  readonly order: number;
  readonly legs: ReadonlyMap<string, LegState>;
}

const OUTCOMES: readonly (readonly [LegOutcome, RecallLegOutcome])[] = [
  ['no-answer', RecallLegOutcome.NO_ANSWER],
  ['busy', RecallLegOutcome.BUSY],
  ['unregistered', RecallLegOutcome.UNREGISTERED],
  ['failed', RecallLegOutcome.FAILED],
  ['hung-up', RecallLegOutcome.HUNG_UP],
];

export function encodeNote(note: Note): Uint8Array {
  const after = (atMs: number): number => Math.max(0, Math.min(2 ** 32 - 1, Math.round(atMs - note.beganMs)));
  const legs = [...note.legs].map(([id, { dialledAtMs, ended }]) => ({
    id: Buffer.from(legIdBytes(id)),
    dialledAfterMs: after(dialledAtMs),
    endedAfterMs: ended === undefined ? 0 : Math.max(1, after(ended.atMs)),
    outcome: OUTCOMES.find(([name]) => name === ended?.outcome)?.[1] ?? RecallLegOutcome.UNSPECIFIED,
  }));
  const { beganMs, groupId: ringGroupId, order } = note;
  return RecallNote.encode({ beganMs, ringGroupId, order, legs }).finish();
}

/** Undefined for bytes that are no note. */
export function decodeNote(bytes: Uint8Array): Note | undefined {
  try {
    const { beganMs, ringGroupId: groupId, order, legs } = RecallNote.decode(bytes);
    const states = legs.map(({ id, dialledAfterMs, endedAfterMs, outcome }): [string, LegState] => {
      const name = OUTCOMES.find(([, stored]) => stored === outcome)?.[0];
      const ended = name === undefined ? undefined : { atMs: beganMs + endedAfterMs, outcome: name };
      return [legIdFrom(id), { dialledAtMs: beganMs + dialledAfterMs, ended }];
    });
    return { beganMs, groupId, order, legs: new Map(states) };
  } catch {
    return undefined;
  }
}

/** What either knows. */
export function mergeNotes(a: Note, b: Note): Note {
  const [first, second] = a.beganMs < b.beganMs || (a.beganMs === b.beganMs && size(a) >= size(b)) ? [a, b] : [b, a];
  const legs = new Map(first.legs);
  for (const [id, leg] of second.legs) {
    const known = legs.get(id);
    legs.set(id, known === undefined ? leg : mergeLegs(known, leg));
  }
  return { ...first, legs };
}

/** The note with a leg dialled now. */
export function withDialled(note: Note, id: string, nowMs: number): Note {
  return { ...note, legs: new Map(note.legs).set(id, { dialledAtMs: nowMs, ended: undefined }) };
}

/** The note with a leg ended now; the same note where it is not known or ended already. */
export function withEnded(note: Note, id: string, outcome: LegOutcome, nowMs: number): Note {
  const leg = note.legs.get(id);
  if (leg === undefined || leg.ended !== undefined) return note;
  return { ...note, legs: new Map(note.legs).set(id, { ...leg, ended: { atMs: nowMs, outcome } }) };
}

/** The legs that have not ended. */
export function openLegs(note: Note): string[] {
  return [...note.legs].filter(([, { ended }]) => ended === undefined).map(([id]) => id);
}

/** Whether the notes say the same. */
export function sameNote(a: Note, b: Note): boolean {
  if (a.legs.size !== b.legs.size) return false;
  for (const [id, leg] of a.legs) {
    const other = b.legs.get(id);
    if (other === undefined || other.ended?.outcome !== leg.ended?.outcome) return false;
  }
  return true;
}

function mergeLegs(a: LegState, b: LegState): LegState {
  const dialledAtMs = Math.min(a.dialledAtMs, b.dialledAtMs);
  if (a.ended === undefined || b.ended === undefined) return { dialledAtMs, ended: a.ended ?? b.ended };
  const earlier = a.ended.atMs < b.ended.atMs || (a.ended.atMs === b.ended.atMs && a.ended.outcome <= b.ended.outcome);
  return { dialledAtMs, ended: earlier ? a.ended : b.ended };
}

function size(note: Note): number {
  return note.legs.size;
}
