import { createHash } from 'node:crypto';
import { MAX_ID_LENGTH } from '@parkade/bus';
import type { FAILED, TransitionEventKind } from './event-kinds.js';
import type { CallJson, ParkerJson } from './parties.js';

/** An event of a slot: what a line of the event stream says (`event-lines.ts`). Exactly one for each transition (R24). */
export interface EventMessage {
  /** The same however often it is published. */
  readonly id: string;
  readonly kind: TransitionEventKind | 'unknown';
  readonly tenant: string;
  readonly lot: string;
  readonly slot: string;
  readonly park_id: string;
  /** When it happened: wall ms since the Unix epoch. */
  readonly at_ms: number;
  /** Why, in a word; may be empty. */
  readonly reason: string;
  /** The parked call; of a reservation the consulting call. */
  readonly call: CallJson | null;
  readonly parker: ParkerJson | null;
  /** Who retrieved it, or answered the recall. */
  readonly retriever: CallJson | null;
  /** Moves: the other end. */
  readonly other: {
    readonly tenant: string;
    readonly lot: string;
    readonly slot: string;
    readonly park_id: string;
  } | null;
  /** Recalls: the attempt, from 1; else 0. */
  readonly attempt: number;
  /** Only of a call that went to a child of its call flow, for the flow engine that has it now. */
  readonly branch?: BranchJson;
  /** The command that caused it; empty: time did. */
  readonly request_id: string;
  /** The lamp the park lights; may be empty. */
  readonly presence_id: string;
  /** The slot's revision; orders the events of a slot. */
  readonly revision: number;
  /** The slot's revision before: of the event before this one, unless that is long ago. 0: there was none, or it is not known. */
  readonly previous_revision: number;
  /** Only where somebody asked for it through an API, for the audit. */
  readonly by?: ActorJson;
}

/** Who asked through an API. */
export interface ActorJson {
  /** The token's subject. */
  readonly principal: string;
  /** The address the request came from. */
  readonly peer: string;
  /** What was asked for. */
  readonly operation: string;
}

/** A child of a call flow. */
export interface BranchJson {
  /** The stored flow; empty: it came with the request. */
  readonly flow_id: string;
  /** The child's key: the slot, or `_`. */
  readonly child: string;
  /** As the flow writes it: `voicemail`, `device`, `user`, `ring_group`, `callflow`, `destination`. */
  readonly module: string;
  /** The id, or the destination, its `data` names. */
  readonly target: string;
}

/**
 * The id of a transition's event: `<slot key>@<revision>`; where names are so long that the bus would not take it, the key's
 * last part is replaced by its SHA-256.
 */
export function eventId(slotKey: string, revision: number): string {
  const id = `${slotKey}@${revision}`;
  if (id.length <= MAX_ID_LENGTH) return id;
  return `${slotKey.slice(0, 32)}*${createHash('sha256').update(slotKey).digest('hex')}@${revision}`;
}

/** What did not happen, told as an event: once, and lost when the bus is away. */
export interface NoticeMessage {
  /** Does not repeat. */
  readonly id: string;
  readonly kind: typeof FAILED;
  /** `lot-full`, `max-slot-exceeded`, … */
  readonly reason: string;
  readonly tenant: string;
  /** Wall ms since the Unix epoch. */
  readonly at_ms: number;
  readonly data: Readonly<Record<string, string>>;
}

/** A message as it is published: JSON in UTF-8. */
export function encodeMessage(message: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(message), 'utf8');
}
