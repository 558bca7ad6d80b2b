import { decodeJsonEvent, decodePlainEvent, type EslEvent, type EventResult, type UnreadableReason } from './event.js';
import { parseHeaderBlock, type EslHeaders } from './headers.js';

/** One message of FreeSWITCH to us. */
export type EslFrame =
  | { kind: 'auth-request' }
  /** `text` is `Reply-Text`. The reply to `connect` is the one whose headers are a whole channel, url-decoded here. */
  | { kind: 'command-reply'; text: string; headers: EslHeaders }
  | { kind: 'api-response'; text: string }
  | { kind: 'event'; event: EslEvent }
  | { kind: 'log'; headers: EslHeaders; text: string }
  /** `linger`: the call ended, events still follow. `disconnect`: the last frame of this connection. */
  | { kind: 'disconnect-notice'; disposition: 'linger' | 'disconnect'; channelUuid: string | undefined; text: string }
  /** FreeSWITCH's access list refused our address; it closes next. */
  | { kind: 'rejected'; text: string }
  /** The frame's own limits are sound, its content is not; the stream goes on. */
  | { kind: 'unreadable'; reason: UnreadableReason; contentType: string }
  /** A content type this package has no use for (`text/event-xml`, or one of a later FreeSWITCH). */
  | { kind: 'other'; contentType: string; headers: EslHeaders; text: string };

/** The header block of a frame, before its body is there. */
export interface FrameHead {
  contentType: string;
  headers: EslHeaders;
}

/**
 * Reads a header block. A block with `Event-Name` is the reply to `connect`, the only one whose values are url-encoded.
 * `undefined` when it has no `Content-Type`: then this is no Event Socket stream, or we lost our place in it.
 */
export function parseFrameHead(text: string): FrameHead | undefined {
  const raw = parseHeaderBlock(text, false);
  const headers = raw.get('Event-Name') === undefined ? raw : parseHeaderBlock(text, true);
  const contentType = headers.get('Content-Type');
  return contentType === undefined ? undefined : { contentType, headers };
}

/** Makes the frame of a header block and its whole body. Never throws. */
export function toFrame({ contentType, headers }: FrameHead, body: Buffer): EslFrame {
  switch (contentType) {
    case 'text/event-json':
      return eventFrame(decodeJsonEvent(body), contentType);
    case 'text/event-plain':
      return eventFrame(decodePlainEvent(body), contentType);
    case 'command/reply':
      return { kind: 'command-reply', text: (headers.get('Reply-Text') ?? '').trimEnd(), headers };
    case 'api/response':
      return { kind: 'api-response', text: body.toString('utf8') };
    case 'auth/request':
      return { kind: 'auth-request' };
    case 'text/disconnect-notice':
      return {
        kind: 'disconnect-notice',
        disposition: headers.get('Content-Disposition') === 'linger' ? 'linger' : 'disconnect',
        channelUuid: headers.get('Controlled-Session-UUID'),
        text: body.toString('utf8'),
      };
    case 'text/rude-rejection':
      return { kind: 'rejected', text: body.toString('utf8') };
    case 'log/data':
      return { kind: 'log', headers, text: body.toString('utf8') };
    default:
      return { kind: 'other', contentType, headers, text: body.toString('utf8') };
  }
}

function eventFrame(result: EventResult, contentType: string): EslFrame {
  if (result.ok) return { kind: 'event', event: result.event };
  return { kind: 'unreadable', reason: result.reason, contentType };
}
