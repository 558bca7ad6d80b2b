import { EslHeaders, parseHeaderBlock } from './headers.js';

/** One event of FreeSWITCH, whichever format it came in. */
export class EslEvent {
  /** @param body what `Content-Length` inside the event announced: the result of a job, the text of a message. */
  constructor(
    readonly headers: EslHeaders,
    readonly body: string | undefined,
  ) {}

  /** `Event-Name`, for example `CHANNEL_PARK`; empty when the event has none. */
  get name(): string {
    return this.headers.get('Event-Name') ?? '';
  }

  /** `Event-Subclass` of a `CUSTOM` event. */
  get subclass(): string | undefined {
    return this.headers.get('Event-Subclass');
  }

  /** `Unique-ID`: the leg this event is about. */
  get channelUuid(): string | undefined {
    return this.headers.get('Unique-ID');
  }

  /** Any header, as {@link EslHeaders.get}. */
  get(name: string): string | undefined {
    return this.headers.get(name);
  }

  /** A channel variable (`variable_NAME`). The far end writes many of them: hints, never proof of who someone is. */
  variable(name: string): string | undefined {
    return this.headers.get(`variable_${name}`);
  }

  /** A plain copy, for tests and logs. */
  toJSON(): { headers: Record<string, string>; body: string | undefined } {
    return { headers: this.headers.toJSON(), body: this.body };
  }
}

/** Why a frame whose limits are sound cannot be read. */
export type UnreadableReason = 'bad-json' | 'bad-nested-length';
export type EventResult = { ok: true; event: EslEvent } | { ok: false; reason: UnreadableReason };

const BLANK_LINE = Buffer.from('\n\n');

/** Reads the body of a `text/event-json` frame. */
export function decodeJsonEvent(bytes: Buffer): EventResult {
  let fields: unknown;
  try {
    fields = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { ok: false, reason: 'bad-json' };
  }
  if (!isRecord(fields)) return { ok: false, reason: 'bad-json' };
  const headers = new EslHeaders(fields);
  return { ok: true, event: new EslEvent(headers, headers.get('_body')) };
}

/** Reads the body of a `text/event-plain` frame: url-encoded headers, then perhaps a body of its own length. */
export function decodePlainEvent(bytes: Buffer): EventResult {
  const blank = bytes.indexOf(BLANK_LINE);
  const end = blank < 0 ? bytes.length : blank;
  const headers = parseHeaderBlock(bytes.toString('utf8', 0, end), true);
  const rest = bytes.subarray(end + BLANK_LINE.length);
  const length = headers.get('Content-Length');
  // The header alone is no body: `sendevent` copies the sender's own Content-Length into every event.
  if (length === undefined || rest.length === 0) return { ok: true, event: new EslEvent(headers, undefined) };
  if (!/^\d{1,10}$/.test(length) || Number(length) > rest.length) return { ok: false, reason: 'bad-nested-length' };
  return { ok: true, event: new EslEvent(headers, rest.toString('utf8', 0, Number(length))) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
