import { parkIdTimeMs } from '@parkade/ids';
import type { ActorJson, CallJson, EventMessage, ParkerJson, TransitionEventKind } from '@parkade/presence';

/** Steps of a life that are kept at most: of more the first and the latest. */
export const MAX_STEPS = 64;
const FIRST_STEPS = 16;

/** Something that happened to a park. */
export interface LifeStep {
  readonly kind: string;
  readonly at_ms: number;
  readonly reason: string;
  /** Recalls: the attempt, else 0. */
  readonly attempt: number;
  /** Who took it, or answered; null: nobody. */
  readonly retriever: CallJson | null;
  readonly request_id: string;
  /** Who asked through an API; absent: a phone, a process or time. */
  readonly by?: ActorJson;
}

/** Where a moved call was before, or went. */
export interface LifeEnd {
  readonly lot: string;
  readonly slot: string;
  readonly park_id: string;
}

/** One park from its beginning to its end, as its events tell it. */
export interface ParkLife {
  readonly park_id: string;
  readonly tenant: string;
  readonly lot: string;
  readonly slot: string;
  readonly call: CallJson | null;
  readonly parker: ParkerJson | null;
  /** Wall ms. */
  readonly parked_at_ms: number;
  /** Wall ms; 0: it goes on. */
  readonly ended_at_ms: number;
  /** The event that ended it; empty: it goes on. */
  readonly outcome: string;
  /** Why, in a word. */
  readonly reason: string;
  /** Who has the call now, where somebody took it. */
  readonly retriever: CallJson | null;
  readonly recalls: number;
  readonly moved_from: LifeEnd | null;
  readonly moved_to: LifeEnd | null;
  /** The oldest first. */
  readonly steps: readonly LifeStep[];
  /** Steps between the first and the latest that are not kept. */
  readonly steps_left_out: number;
  /** Of the last event that is told here. */
  readonly revision: number;
}

const BEGINNINGS: ReadonlySet<string> = new Set<TransitionEventKind>(['parked', 'swapped', 'moved-in']);
const ENDINGS: ReadonlySet<string> = new Set<TransitionEventKind>([
  ...([
    'retrieved',
    'recall-answered',
    'abandoned',
    'escaped',
    'released',
    'branched',
    'expired',
    'moved-out',
  ] as const),
]);
/** Not of a park: a reservation and a hold are none yet, and a note says nothing that happened. */
const OTHERS: ReadonlySet<string> = new Set<TransitionEventKind | 'unknown'>([
  ...(['reserved', 'reservation-grace', 'reservation-ended', 'move-held', 'move-dropped'] as const),
  ...(['ringback-noted', 'unknown'] as const),
]);

/** Whether an event belongs to a park's life. */
export function isOfLife({ kind, park_id }: EventMessage): boolean {
  return park_id !== '' && !OTHERS.has(kind);
}

/**
 * A life with one event more. Pure, and deaf to what it has heard: an event that is not above the last one changes nothing, so
 * events that come twice, or late, are told once. Where the beginning is not known (it was too long ago) the life begins with what is.
 */
export function withEvent(life: ParkLife | undefined, event: EventMessage): ParkLife {
  if (life !== undefined && event.revision <= life.revision) return life;
  const { kind, at_ms, reason, attempt, retriever, request_id, by, other } = event;
  const step: LifeStep = { kind, at_ms, reason, attempt, retriever, request_id, ...(by === undefined ? {} : { by }) };
  const before = life ?? beginning(event);
  const end = other === null ? null : { lot: other.lot, slot: other.slot, park_id: other.park_id };
  const ends = ENDINGS.has(kind);
  return {
    ...before,
    ...steps(before, step),
    revision: event.revision,
    recalls: before.recalls + (kind === 'recalled' ? 1 : 0),
    ...(kind === 'moved-in' ? { moved_from: end } : {}),
    ...(kind === 'moved-out' ? { moved_to: end } : {}),
    ...(ends ? { ended_at_ms: at_ms, outcome: kind, reason, retriever } : {}),
  };
}

function beginning({ kind, park_id, tenant, lot, slot, call, parker, at_ms }: EventMessage): ParkLife {
  return {
    ...{ park_id, tenant, lot, slot, call, parker },
    parked_at_ms: BEGINNINGS.has(kind) ? at_ms : (parkIdTimeMs(park_id) ?? at_ms),
    ...{ ended_at_ms: 0, outcome: '', reason: '', retriever: null, recalls: 0 },
    ...{ moved_from: null, moved_to: null, steps: [], steps_left_out: 0, revision: 0 },
  };
}

function steps(life: ParkLife, step: LifeStep): Pick<ParkLife, 'steps' | 'steps_left_out'> {
  const all = [...life.steps, step];
  if (all.length <= MAX_STEPS) return { steps: all, steps_left_out: life.steps_left_out };
  all.splice(FIRST_STEPS, 1);
  return { steps: all, steps_left_out: life.steps_left_out + 1 };
}
