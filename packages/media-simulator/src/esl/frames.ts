import type { Fields } from '../calls/channel-fields.js';

export type Format = 'plain' | 'json';

/** `command/reply`. */
export function replyFrame(text: string, extra = ''): string {
  return `Content-Type: command/reply\nReply-Text: ${text}\n${extra}\n`;
}

/** `api/response`. */
export function apiFrame(text: string): string {
  return `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`;
}

/** The reply to `connect`: a whole channel as one url-encoded block. */
export function channelFrame(fields: Fields): string {
  return `${plain(fields)}Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n`;
}

export function eventFrame(format: Format, fields: Fields, body: string | undefined): string {
  const told = body === undefined ? fields : { ...fields, 'Content-Length': String(Buffer.byteLength(body)) };
  const text = format === 'json' ? jsonText(told, body) : `${plain(told)}\n${body ?? ''}`;
  return `Content-Length: ${Buffer.byteLength(text)}\nContent-Type: text/event-${format}\n\n${text}`;
}

function jsonText(fields: Fields, body: string | undefined): string {
  return JSON.stringify(body === undefined ? fields : { ...fields, _body: body });
}

/** `text/disconnect-notice`; `controlled` on an outbound connection. */
export function noticeFrame(
  text: string,
  disposition: 'disconnect' | 'linger',
  controlled: string | undefined,
): string {
  const who =
    controlled === undefined ? '' : `Controlled-Session-UUID: ${controlled}\nContent-Disposition: ${disposition}\n`;
  return `Content-Type: text/disconnect-notice\n${who}Content-Length: ${Buffer.byteLength(text)}\n\n${text}`;
}

export const GOODBYE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

/** `Name: value` lines, values url-encoded as FreeSWITCH does it: what looks like an escape is left alone. */
export function plain(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${encode(value)}\n`)
    .join('');
}

function encode(value: string): string {
  const escaped = value.replace(/%(?![0-9A-Fa-f]{2})|[\s"#&+:;<=>?@[\\\]^`{|}/]|[^\x20-\x7e]/gu, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return escaped;
}
