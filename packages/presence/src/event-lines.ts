import type { Actor, CallRef, FlowBranch, FlowTarget, Parker, SlotName, SlotRecord, Transition } from '@parkade/proto';
import { eventKind, FAILED } from './event-kinds.js';
import { type ActorJson, type BranchJson, eventId, type EventMessage, type NoticeMessage } from './events.js';
import { JsonWriter } from './json-writer.js';
import { type CallJson, directionName, type ParkerJson } from './parties.js';

/**
 * A message of the event stream is a batch: one JSON object a line, in UTF-8, in the order in which things happened to each slot.
 * What is empty, null or 0 is left out of a line, and put back by `parseEvents`.
 */
export const LINE_END = '\n';

/**
 * Events of a message, a line each. Written as bytes at once, for every change is one: by way of strings, which are put together of
 * fifty pieces and made flat afterwards, a line took 4 µs with its garbage.
 */
export class EventLines {
  readonly #json = new JsonWriter();

  /** Whether there is none. */
  get empty(): boolean {
    return this.#json.length === 0;
  }

  /** The message; good until more is added. */
  get bytes(): Uint8Array {
    return this.#json.bytes;
  }

  /** Nobody looks at `bytes` any more, here or on their way: the memory is used for others. There is no event in it then. */
  release(): void {
    this.#json.release();
  }

  /**
   * Adds the event of a record's last transition; returns how many bytes it takes, 0: the record holds none. Throws, and adds nothing,
   * where it cannot be written.
   */
  add(slotKey: string, { name, last }: SlotRecord, revision: number): number {
    if (name === undefined || last === undefined) return 0;
    const { length } = this.#json;
    try {
      writeEvent(this.#json, eventId(slotKey, revision), name, last, revision);
    } catch (error) {
      this.#json.cut(length);
      throw error;
    }
    return this.#json.length - length;
  }
}

function writeEvent(json: JsonWriter, id: string, name: SlotName, last: Transition, revision: number): void {
  const { branch, call, other, parker, retriever, by } = last;
  json
    .line()
    .text('id', id)
    .text('kind', eventKind(last.kind))
    .text('tenant', name.tenantId)
    .text('lot', name.lotId)
    .text('slot', name.slot)
    .number('at_ms', last.atMs)
    .number('revision', revision)
    .text('park_id', last.parkId)
    .text('reason', last.reason)
    .text('request_id', last.requestId)
    .text('presence_id', last.presenceId)
    .number('attempt', last.attempt);
  if (call !== undefined) writeCall(json.begin('call'), call).end();
  if (parker !== undefined) writeParker(json.begin('parker'), parker).end();
  if (retriever !== undefined) writeCall(json.begin('retriever'), retriever).end();
  if (other !== undefined) writeSlot(json.begin('other'), other).text('park_id', last.otherParkId).end();
  if (branch?.target?.to !== undefined) writeBranch(json.begin('branch'), branch, branch.target.to).end();
  json.number('previous_revision', last.previousRevision);
  if (by !== undefined) writeActor(json.begin('by'), by).end();
  json.end();
}

function writeCall(json: JsonWriter, call: CallRef): JsonWriter {
  return json
    .text('direction', directionName(call.direction))
    .text('media_node', call.mediaNode)
    .text('call_id', call.callId)
    .text('caller_name', call.callerName)
    .text('caller_number', call.callerNumber)
    .text('sip_call_id', call.sipCallId);
}

function writeParker(json: JsonWriter, { userId, deviceId, extension }: Parker): JsonWriter {
  return json.text('user_id', userId).text('device_id', deviceId).text('extension', extension);
}

function writeActor(json: JsonWriter, { principal, peer, operation }: Actor): JsonWriter {
  return json.text('principal', principal).text('peer', peer).text('operation', operation);
}

function writeSlot(json: JsonWriter, { tenantId, lotId, slot }: SlotName): JsonWriter {
  return json.text('tenant', tenantId).text('lot', lotId).text('slot', slot);
}

function writeBranch(json: JsonWriter, { flowId, child }: FlowBranch, to: NonNullable<FlowTarget['to']>): JsonWriter {
  const module = to.$case === 'ringGroup' ? 'ring_group' : to.$case;
  return json.text('flow_id', flowId).text('child', child).text('module', module).text('target', to.value);
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
