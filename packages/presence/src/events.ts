import { createHash } from 'node:crypto';
import { MAX_ID_LENGTH } from '@parkade/bus';
import type { FlowBranch, SlotName, SlotRecord } from '@parkade/proto';
import { eventKind, FAILED } from './event-kinds.js';
import { type CallJson, callJson, type ParkerJson, parkerJson } from './parties.js';
import { eventSubject } from './subjects.js';

/** An event of a slot, as JSON on `parkade.v1.events.<tenant>.<kind>`. Exactly one for each transition (R24). */
export interface EventMessage {
  /** The same however often it is published. */
  readonly id: string;
  readonly kind: string;
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

/** Something to publish on the event stream. */
export interface OutgoingEvent {
  readonly subject: string;
  readonly id: string;
  readonly payload: Uint8Array;
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

/** The event of a record's last transition; undefined where the record holds none. */
export function transitionEvent(slotKey: string, record: SlotRecord, revision: number): OutgoingEvent | undefined {
  const { name, last } = record;
  if (name === undefined || last === undefined) return undefined;
  const message: EventMessage = {
    id: eventId(slotKey, revision),
    kind: eventKind(last.kind),
    tenant: name.tenantId,
    lot: name.lotId,
    slot: name.slot,
    park_id: last.parkId,
    at_ms: last.atMs,
    reason: last.reason,
    call: callJson(last.call),
    parker: parkerJson(last.parker),
    retriever: callJson(last.retriever),
    other: otherEnd(last.other, last.otherParkId),
    attempt: last.attempt,
    ...branchOf(last.branch),
    request_id: last.requestId,
    presence_id: last.presenceId,
    revision,
  };
  return { subject: eventSubject(name.tenantId, message.kind), id: message.id, payload: encodeMessage(message) };
}

/** What did not happen, as JSON on `parkade.v1.events.<tenant>.failed`: told once, lost when the bus is away. */
export interface NoticeMessage {
  readonly id: string;
  readonly kind: typeof FAILED;
  /** `lot-full`, `max-slot-exceeded`, … */
  readonly reason: string;
  readonly tenant: string;
  readonly at_ms: number;
  readonly data: Readonly<Record<string, string>>;
}

/** A notice. `id` is the caller's to choose; it should not repeat. */
export function noticeEvent(notice: Omit<NoticeMessage, 'kind'>): OutgoingEvent {
  const message: NoticeMessage = { ...notice, kind: FAILED };
  return { subject: eventSubject(notice.tenant, FAILED), id: notice.id, payload: encodeMessage(message) };
}

/** A message as it is published: JSON in UTF-8. */
export function encodeMessage(message: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(message), 'utf8');
}

function branchOf(branch: FlowBranch | undefined): Pick<EventMessage, 'branch'> {
  const to = branch?.target?.to;
  if (branch === undefined || to === undefined) return {};
  const module = to.$case === 'ringGroup' ? 'ring_group' : to.$case;
  return { branch: { flow_id: branch.flowId, child: branch.child, module, target: to.value } };
}

function otherEnd(other: SlotName | undefined, parkId: string): EventMessage['other'] {
  if (other === undefined) return null;
  return { tenant: other.tenantId, lot: other.lotId, slot: other.slot, park_id: parkId };
}
