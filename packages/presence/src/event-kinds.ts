import { TransitionKind } from '@parkade/proto';

/** Every kind of event, the last token of its subject. One for each kind of transition, and `failed`. */
export const EVENT_KINDS = {
  /** An attended transfer holds the slot. */
  [TransitionKind.RESERVED]: 'reserved',
  /** The consulting call ended by the transfer; the reservation ends soon unless the caller arrives. */
  [TransitionKind.RESERVATION_GRACE]: 'reservation-grace',
  /** The reservation ended without a caller. */
  [TransitionKind.RESERVATION_ENDED]: 'reservation-ended',
  /** A call was parked. */
  [TransitionKind.PARKED]: 'parked',
  /** The caller took the place of the consulting call. */
  [TransitionKind.SWAPPED]: 'swapped',
  /** A retrieve was begun. */
  [TransitionKind.RETRIEVE_BEGUN]: 'retrieve-begun',
  /** A retrieve was given back. */
  [TransitionKind.GIVEN_BACK]: 'given-back',
  /** A call was retrieved. */
  [TransitionKind.RETRIEVED]: 'retrieved',
  /** The caller hung up. */
  [TransitionKind.ABANDONED]: 'abandoned',
  /** The slot was freed by hand. */
  [TransitionKind.RELEASED]: 'released',
  /** A recall began. */
  [TransitionKind.RECALLED]: 'recalled',
  /** A recall failed; the call waits, and is rung back again after the retry interval. */
  [TransitionKind.RECALL_FAILED]: 'recall-failed',
  /** Somebody answered the recall and has the call. */
  [TransitionKind.RECALL_ANSWERED]: 'recall-answered',
  /** The call left to a fallback. */
  [TransitionKind.BRANCHED]: 'branched',
  /** The longest stay was over. */
  [TransitionKind.EXPIRED]: 'expired',
  /** The deadline was set anew. */
  [TransitionKind.EXTENDED]: 'extended',
  /** The park went to another slot. */
  [TransitionKind.MOVED_OUT]: 'moved-out',
  /** A park came from another slot. */
  [TransitionKind.MOVED_IN]: 'moved-in',
  /** The slot is held for a park that comes from another shard. */
  [TransitionKind.MOVE_HELD]: 'move-held',
  /** The hold for a move ended without it. */
  [TransitionKind.MOVE_DROPPED]: 'move-dropped',
  /** What the recall service keeps with a ringing park was changed. */
  [TransitionKind.RINGBACK_NOTED]: 'ringback-noted',
  /** A recall of the parker failed; the ring group is rung at once. */
  [TransitionKind.ESCALATED]: 'escalated',
  /** A recall failed or was cancelled; the call is parked anew, with its timer restarted. */
  [TransitionKind.RE_PARKED]: 're-parked',
  /** The caller left by his own wish. */
  [TransitionKind.ESCAPED]: 'escaped',
  /** The phone of a retriever at another media node has come to the call's. */
  [TransitionKind.PICKUP_CLAIMED]: 'pickup-claimed',
} as const satisfies Readonly<Record<Exclude<TransitionKind, TransitionKind.UNSPECIFIED>, string>>;

/** What did not happen: a lot was full, a request was refused and somebody should know. Not a transition, so best effort. */
export const FAILED = 'failed';

export type TransitionEventKind = (typeof EVENT_KINDS)[keyof typeof EVENT_KINDS];
export type EventKind = TransitionEventKind | typeof FAILED;

const NAMES: ReadonlyMap<number, TransitionEventKind> = new Map(
  Object.entries(EVENT_KINDS).map(([kind, name]) => [Number(kind), name]),
);

/** The name of a transition; `unknown` for one that a newer version wrote, which is told and not swallowed. */
export function eventKind(kind: TransitionKind): TransitionEventKind | 'unknown' {
  return NAMES.get(kind) ?? 'unknown';
}
