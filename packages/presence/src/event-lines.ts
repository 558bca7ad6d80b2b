import type { FlowBranch, SlotName, SlotRecord } from '@parkade/proto';
import { eventKind, FAILED } from './event-kinds.js';
import { type ActorJson, type BranchJson, eventId, type EventMessage, type NoticeMessage } from './events.js';
import { type CallJson, callJson, type ParkerJson, parkerJson } from './parties.js';

/**
 * A message of the event stream is a batch: one JSON object a line, in UTF-8, in the order in which things happened to each slot.
 * What is empty, null or 0 is left out of a line, and put back by `parseEvents`.
 */
export const LINE_END = '\n';

/** The line of a record's last transition; undefined where the record holds none. */
export function eventLine(slotKey: string, record: SlotRecord, revision: number): string | undefined {
  const { name, last } = record;
  if (name === undefined || last === undefined) return undefined;
  // Written by hand: of a stringified object, made without what is empty, a line took 5 µs instead of 2.
  const { atMs, branch, attempt, by, previousRevision } = last;
  return (
    `{"id":${quoted(eventId(slotKey, revision))},"kind":"${eventKind(last.kind)}","tenant":${quoted(name.tenantId)}` +
    `,"lot":${quoted(name.lotId)},"slot":${quoted(name.slot)},"at_ms":${atMs},"revision":${revision}` +
    text('park_id', last.parkId) +
    text('reason', last.reason) +
    text('request_id', last.requestId) +
    text('presence_id', last.presenceId) +
    (attempt === 0 ? '' : `,"attempt":${attempt}`) +
    object('call', callJson(last.call)) +
    object('parker', parkerJson(last.parker)) +
    object('retriever', callJson(last.retriever)) +
    (last.other === undefined ? '' : object('other', otherEnd(last.other, last.otherParkId))) +
    (branch === undefined ? '' : object('branch', branchJson(branch))) +
    (previousRevision === 0 ? '' : `,"previous_revision":${previousRevision}`) +
    (by === undefined ? '' : object('by', by)) +
    '}'
  );
}

/** The line of what did not happen. */
export function noticeLine(notice: Omit<NoticeMessage, 'kind'>): string {
  const message: NoticeMessage = { ...notice, kind: FAILED };
  return JSON.stringify(message);
}

/** A message of the event stream. */
export function encodeLines(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join(LINE_END), 'utf8');
}

/** What a message of the event stream holds, in its order. A line that is no event of ours is told to `onUnreadable`, and left out. */
export function parseEvents(
  payload: Uint8Array,
  onUnreadable: (line: string) => void = () => undefined,
): readonly (EventMessage | NoticeMessage)[] {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  return text.split(LINE_END).flatMap((line) => {
    const event = parseLine(line);
    if (event === undefined) onUnreadable(line);
    return event === undefined ? [] : [event];
  });
}

function parseLine(line: string): EventMessage | NoticeMessage | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const parts = said as Partial<EventMessage> | NoticeMessage;
  if (typeof parts.id !== 'string' || typeof parts.kind !== 'string' || typeof parts.tenant !== 'string')
    return undefined;
  if (parts.kind === FAILED) return parts;
  const { call, parker, retriever, other, branch, by, ...rest } = parts;
  return {
    ...NOTHING,
    ...(rest as Partial<EventMessage> & Pick<EventMessage, 'id' | 'kind' | 'tenant'>),
    call: whole(NO_CALL, call),
    parker: whole(NO_PARKER, parker),
    retriever: whole(NO_CALL, retriever),
    other: whole(NO_END, other),
    ...(branch === undefined ? {} : { branch: { ...NO_BRANCH, ...branch } }),
    ...(by === undefined ? {} : { by: { ...NOBODY, ...by } }),
  };
}

const NOTHING = {
  lot: '',
  slot: '',
  park_id: '',
  at_ms: 0,
  reason: '',
  attempt: 0,
  request_id: '',
  presence_id: '',
  revision: 0,
  previous_revision: 0,
};
const NO_CALL: CallJson = {
  media_node: '',
  call_id: '',
  caller_name: '',
  caller_number: '',
  direction: 'unknown',
  sip_call_id: '',
};
const NO_PARKER: ParkerJson = { user_id: '', device_id: '', extension: '' };
const NO_END: NonNullable<EventMessage['other']> = { tenant: '', lot: '', slot: '', park_id: '' };
const NOBODY: ActorJson = { principal: '', peer: '', operation: '' };
const NO_BRANCH: BranchJson = { flow_id: '', child: '', module: '', target: '' };

function whole<T>(nothing: T, said: Partial<T> | null | undefined): T | null {
  return said === undefined || said === null ? null : { ...nothing, ...said };
}

/** ASCII that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

function text(name: string, value: string): string {
  return value === '' ? '' : `,"${name}":${quoted(value)}`;
}

/** A member that is an object of texts, without those that are empty. */
function object(name: string, value: CallJson | ParkerJson | BranchJson | ActorJson | EventMessage['other']): string {
  if (value === null) return '';
  let members = '';
  for (const [key, member] of Object.entries(value) as [string, string][]) members += text(key, member);
  return `,"${name}":{${members.slice(1)}}`;
}

function branchJson(branch: FlowBranch): BranchJson | null {
  const to = branch.target?.to;
  if (to === undefined) return null;
  const module = to.$case === 'ringGroup' ? 'ring_group' : to.$case;
  return { flow_id: branch.flowId, child: branch.child, module, target: to.value };
}

function otherEnd(other: SlotName, parkId: string): EventMessage['other'] {
  return { tenant: other.tenantId, lot: other.lotId, slot: other.slot, park_id: parkId };
}
