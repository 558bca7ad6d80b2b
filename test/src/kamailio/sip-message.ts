/** A SIP message as a phone needs it; header names in lower case, each with all its values in their order. */
export interface SipMessage {
  readonly start: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  o: 'event',
  m: 'contact',
};

export function parseSip(text: string): SipMessage {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const written = line.slice(0, colon).trim().toLowerCase();
    const name = COMPACT[written] ?? written;
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { start, headers, body: end < 0 ? '' : text.slice(end + 4) };
}

/** The first value of a header, or ''. */
export function header(message: SipMessage, name: string): string {
  return message.headers.get(name)?.[0] ?? '';
}

/** The status of a response; 0: a request. */
export function statusOf(message: SipMessage): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(message.start)?.[1] ?? 0);
}

export function cseqOf(message: SipMessage): number {
  return Number(/^\d+/.exec(header(message, 'cseq'))?.[0] ?? 0);
}

/** A response that goes the way the request came. */
export function response(request: SipMessage, status: string): string {
  const lines = [`SIP/2.0 ${status}`];
  for (const name of ['via', 'record-route', 'from', 'to', 'call-id', 'cseq']) {
    for (const value of request.headers.get(name) ?? []) lines.push(`${name}: ${value}`);
  }
  return `${[...lines, 'content-length: 0'].join('\r\n')}\r\n\r\n`;
}
