import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { authorization } from './digest.js';
import { cseqOf, header, parseSip, response, type SipMessage, statusOf } from './sip-message.js';

/**
 * A SIP phone with lamp keys, on UDP: it subscribes to dialog events, stays subscribed for as long as a test takes, and does
 * with NOTIFYs what RFC 6665 and RFC 4235 say. Not SIPp, whose scenarios are one exchange in a fixed order: here many
 * subscriptions of one phone live through restarts of the other side, get NOTIFYs whenever lamps change, and the test asks
 * what each key shows in the meantime.
 */
export interface PhoneOptions {
  /** Where the presence server listens, on 127.0.0.1. */
  readonly port: number;
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

export type Shown = 'early' | 'confirmed' | 'terminated' | 'nothing';

/** A lamp key: one subscription. */
export interface Key {
  /** What the last document that counted says; `nothing` before the first. */
  readonly shown: Shown;
  /** What it has shown, each change once, and the documents themselves. */
  readonly changes: readonly Shown[];
  readonly documents: readonly string[];
  /** Documents left aside because their version was not above the last one's (RFC 4235, 3.7.1). */
  readonly stale: number;
  readonly subscriptionState: string;
  /** Sends SUBSCRIBE within the dialog; resolves to the final status. */
  refresh(expires: number): Promise<number>;
}

const T1_MS = 500;
const GIVE_UP_MS = 20_000;

export class Phone {
  readonly #keys = new Map<string, PhoneKey>();
  readonly #waiting = new Map<string, (message: SipMessage) => void>();

  private constructor(
    private readonly options: PhoneOptions,
    private readonly socket: Socket,
  ) {
    socket.on('message', (bytes) => this.#take(parseSip(bytes.toString('utf8'))));
  }

  static async open(options: PhoneOptions): Promise<Phone> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Phone(options, socket);
  }

  close(): void {
    this.socket.close();
  }

  /** Subscribes to `id`; resolves to the key, or to the status it was refused with. */
  async subscribe(id: string, { expires = 600, domain = this.options.domain } = {}): Promise<Key | number> {
    const key = new PhoneKey(`sip:${id}@${domain}`, this.options.user, domain, (dialog, time) =>
      this.#subscribe(dialog, time),
    );
    this.#keys.set(key.callId, key);
    const status = await this.#subscribe(key, expires);
    if (status >= 200 && status < 300) return key;
    this.#keys.delete(key.callId);
    return status;
  }

  /** Any request outside a dialog; resolves to the final status. */
  async request(method: string, uri: string, more: readonly string[] = []): Promise<number> {
    const callId = token();
    const local = `<sip:${this.options.user}@${this.options.domain}>;tag=${token()}`;
    return statusOf(
      await this.#send(method, uri, [`From: ${local}`, `To: <${uri}>`, `Call-ID: ${callId}`, ...more], 1),
    );
  }

  async #subscribe(key: PhoneKey, expires: number): Promise<number> {
    const lines = [`From: ${key.local}`, `To: ${key.remote}`, `Call-ID: ${key.callId}`, `Expires: ${expires}`];
    const more = [...lines, 'Event: dialog', 'Accept: application/dialog-info+xml'];
    let answer = await this.#send('SUBSCRIBE', key.target, more, ++key.cseq);
    if (statusOf(answer) === 401) {
      const request = { method: 'SUBSCRIBE', uri: key.target };
      const login = authorization(header(answer, 'www-authenticate'), request, this.options);
      answer = await this.#send('SUBSCRIBE', key.target, [...more, `Authorization: ${login}`], ++key.cseq);
    }
    const status = statusOf(answer);
    if (status >= 200 && status < 300) key.confirmed(answer);
    return status;
  }

  /** Sends until a final response is there, as RFC 3261, 17.1.2 has it. */
  async #send(method: string, uri: string, lines: readonly string[], cseq: number): Promise<SipMessage> {
    const branch = `z9hG4bK${token()}`;
    const here = `127.0.0.1:${this.socket.address().port}`;
    const text = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${here};branch=${branch};rport`,
      'Max-Forwards: 70',
      ...lines,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${this.options.user}@${here}>`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    return await new Promise<SipMessage>((resolve, reject) => {
      let [timer, intervalMs, spentMs]: [NodeJS.Timeout | undefined, number, number] = [undefined, T1_MS, 0];
      const transmit = (): void => {
        if (spentMs >= GIVE_UP_MS) {
          this.#waiting.delete(branch);
          reject(new Error(`no answer to ${method} ${uri}`));
          return;
        }
        this.socket.send(text, this.options.port, '127.0.0.1');
        timer = setTimeout(transmit, intervalMs);
        spentMs += intervalMs;
        intervalMs = Math.min(2 * intervalMs, 4_000);
      };
      this.#waiting.set(branch, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(branch);
        resolve(answer);
      });
      transmit();
    });
  }

  #take(message: SipMessage): void {
    const status = statusOf(message);
    if (status >= 200) this.#waiting.get(/branch=([^;]+)/.exec(header(message, 'via'))?.[1] ?? '')?.(message);
    if (status !== 0) return;
    const key = this.#keys.get(header(message, 'call-id'));
    const [, host = '127.0.0.1', port = ''] =
      /^SIP\/2\.0\/UDP ([^;:\s]+)(?::(\d+))?/.exec(header(message, 'via')) ?? [];
    const answer = key === undefined ? '481 Subscription does not exist' : key.notified(message);
    this.socket.send(response(message, answer), port === '' ? this.options.port : Number(port), host);
  }
}

class PhoneKey implements Key {
  readonly callId = token();
  readonly local: string;
  remote: string;
  target: string;
  cseq = 0;
  shown: Shown = 'nothing';
  readonly changes: Shown[] = [];
  readonly documents: string[] = [];
  stale = 0;
  subscriptionState = '';
  #remoteCseq = 0;
  #version = -1;

  constructor(
    uri: string,
    user: string,
    domain: string,
    private readonly send: (key: PhoneKey, expires: number) => Promise<number>,
  ) {
    this.local = `<sip:${user}@${domain}>;tag=${token()}`;
    this.remote = `<${uri}>`;
    this.target = uri;
  }

  refresh(expires: number): Promise<number> {
    return this.send(this, expires);
  }

  confirmed(answer: SipMessage): void {
    this.remote = header(answer, 'to');
    this.target = /<([^>]+)>/.exec(header(answer, 'contact'))?.[1] ?? this.target;
  }

  /** Takes a NOTIFY; says what to answer. */
  notified(request: SipMessage): string {
    const cseq = cseqOf(request);
    // Sent again because our answer was late or lost; or overtaken on the way.
    if (cseq === this.#remoteCseq) return '200 OK';
    if (cseq < this.#remoteCseq) return '500 Server Internal Error';
    this.#remoteCseq = cseq;
    this.subscriptionState = header(request, 'subscription-state');
    if (request.body !== '') this.#read(request.body);
    return '200 OK';
  }

  #read(document: string): void {
    const version = Number(/<dialog-info[^>]* version="(\d+)"/.exec(document)?.[1] ?? -1);
    if (version <= this.#version) {
      this.stale += 1;
      return;
    }
    this.#version = version;
    this.documents.push(document);
    const states = [...document.matchAll(/<state>(\w+)<\/state>/g)].map(([, state]) => state);
    const shown = (['early', 'confirmed'] as const).find((state) => states.includes(state)) ?? 'terminated';
    if (shown !== this.shown) this.changes.push(shown);
    this.shown = shown;
  }
}

function token(): string {
  return randomBytes(8).toString('hex');
}
