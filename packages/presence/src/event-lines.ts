import type { Actor, CallRef, FlowTarget, Parker, SlotName, SlotRecord, Transition } from '@parkade/proto';
import { eventKind, FAILED } from './event-kinds.js';
import { type ActorJson, type BranchJson, eventId, type EventMessage, type NoticeMessage } from './events.js';
import { type CallJson, directionName, type ParkerJson } from './parties.js';

/**
 * A message of the event stream is a batch: one JSON object a line, in UTF-8, in the order in which things happened to each slot.
 * What is empty, null or 0 is left out of a line, and put back by `parseEvents`.
 */
export const LINE_END = '\n';

/**
 * The line of a record's last transition; undefined where the record holds none. Written by hand, for every change is one: of a
 * stringified object a line took 5 µs, with a look at each text 3, with one look at all of them 1.
 */
export function eventLine(slotKey: string, record: SlotRecord, revision: number): string | undefined {
  const { name, last } = record;
  if (name === undefined || last === undefined) return undefined;
  const { atMs, attempt, branch, by, call, kind, other, parker, previousRevision, reason, retriever } = last;
  const quote = PLAIN.test(textOf(name, last)) ? bare : quoted;
  const text = (name: string, value: string): string => (value === '' ? '' : name + quote(value));
  return (
    `{"id":${quoted(eventId(slotKey, revision))},"kind":"${eventKind(kind)}","tenant":${quote(name.tenantId)}` +
    `,"lot":${quote(name.lotId)},"slot":${quote(name.slot)},"at_ms":${atMs},"revision":${revision}` +
    text(',"park_id":', last.parkId) +
    text(',"reason":', reason) +
    text(',"request_id":', last.requestId) +
    text(',"presence_id":', last.presenceId) +
    (attempt === 0 ? '' : `,"attempt":${attempt}`) +
    (call === undefined ? '' : `,"call":${callMembers(call, text)}`) +
    (parker === undefined ? '' : `,"parker":${parkerMembers(parker, text)}`) +
    (retriever === undefined ? '' : `,"retriever":${callMembers(retriever, text)}`) +
    (other === undefined ? '' : `,"other":${endMembers(other, last.otherParkId)}`) +
    (branch?.target?.to === undefined
      ? ''
      : `,"branch":${branchMembers(branch.flowId, branch.child, branch.target.to)}`) +
    (previousRevision === 0 ? '' : `,"previous_revision":${previousRevision}`) +
    (by === undefined ? '' : `,"by":${actorMembers(by, text)}`) +
    '}'
  );
}

/** The texts of a transition that are written with nothing but quotes around them where all of them are plain. */
function textOf({ tenantId, lotId, slot }: SlotName, last: Transition): string {
  const { parkId, reason, requestId, presenceId, call, parker, retriever, by } = last;
  return (
    tenantId +
    lotId +
    slot +
    parkId +
    reason +
    requestId +
    presenceId +
    callText(call) +
    callText(retriever) +
    (parker === undefined ? '' : parker.userId + parker.deviceId + parker.extension) +
    (by === undefined ? '' : by.principal + by.peer + by.operation)
  );
}

function callText(call: CallRef | undefined): string {
  if (call === undefined) return '';
  return call.mediaNode + call.callId + call.callerName + call.callerNumber + call.sipCallId;
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

/** A text that is plain. */
function bare(value: string): string {
  return `"${value}"`;
}

/** A member that is a text, with its comma before it; nothing where it is empty. */
type Text = (name: string, value: string) => string;

const checked: Text = (name, value) => (value === '' ? '' : name + quoted(value));

/** An object whose members are texts with a comma before each. */
function braced(members: string): string {
  return members === '' ? '{}' : `{${members.slice(1)}}`;
}

function callMembers(call: CallRef, text: Text): string {
  return (
    `{"direction":"${directionName(call.direction)}"` +
    text(',"media_node":', call.mediaNode) +
    text(',"call_id":', call.callId) +
    text(',"caller_name":', call.callerName) +
    text(',"caller_number":', call.callerNumber) +
    text(',"sip_call_id":', call.sipCallId) +
    '}'
  );
}

function parkerMembers({ userId, deviceId, extension }: Parker, text: Text): string {
  return braced(text(',"user_id":', userId) + text(',"device_id":', deviceId) + text(',"extension":', extension));
}

function actorMembers({ principal, peer, operation }: Actor, text: Text): string {
  return braced(text(',"principal":', principal) + text(',"peer":', peer) + text(',"operation":', operation));
}

function branchMembers(flowId: string, child: string, to: NonNullable<FlowTarget['to']>): string {
  const module = to.$case === 'ringGroup' ? 'ring_group' : to.$case;
  const members = { ',"flow_id":': flowId, ',"child":': child, ',"module":': module, ',"target":': to.value };
  return braced(textMembers(members));
}

function endMembers({ tenantId, lotId, slot }: SlotName, parkId: string): string {
  return braced(textMembers({ ',"tenant":': tenantId, ',"lot":': lotId, ',"slot":': slot, ',"park_id":': parkId }));
}

function textMembers(members: Readonly<Record<string, string>>): string {
  let written = '';
  for (const [name, value] of Object.entries(members)) written += checked(name, value);
  return written;
}
