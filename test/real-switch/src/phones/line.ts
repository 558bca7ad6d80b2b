import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import type { Audio } from './audio.js';
import type { Order } from './scenario.js';

const WAIT_MS = 15_000;
const LOOK_MS = 10;
const AGAIN_MS = 200;
let orders = 0;

/** One call of a phone, as the phone knows it. */
export class Line {
  /** What was told, in order. */
  readonly told: { readonly word: string; readonly rest: string }[] = [];
  isIncoming = false;
  seen = false;

  constructor(
    readonly user: string,
    /** The SIP Call-ID of the phone's dialog. */
    readonly callId: string,
    readonly audio: Audio,
    private readonly at: { readonly host: string; readonly port: number },
  ) {}

  get isOver(): boolean {
    return this.has('over') || this.has('refused');
  }

  has(word: string): boolean {
    return this.told.some((one) => one.word === word);
  }

  /** What came with a word; undefined: it was not told. */
  rest(word: string): string | undefined {
    return this.told.findLast((one) => one.word === word)?.rest;
  }

  /** Called with each line of the phone's log. */
  hear(word: string, rest: string): void {
    this.told.push({ word, rest });
    const to = /(\d+\.\d+\.\d+\.\d+):(\d+)/.exec(rest);
    if ((word === 'answered' || word === 'audio') && to !== null) this.audio.speak(to[1] ?? '', Number(to[2]));
    if (word === 'over' || word === 'refused') this.audio.silence();
  }

  /** Waits until a word was told. */
  async waitFor(word: string, limitMs = WAIT_MS): Promise<string> {
    await this.until(`told ${word}`, () => this.has(word), limitMs);
    return this.rest(word) ?? '';
  }

  /** Waits until the call has ended. */
  over(limitMs = WAIT_MS): Promise<void> {
    return this.until('over', () => this.isOver, limitMs);
  }

  /** Hangs up, as soon as the call is answered: the phone is told until it does. */
  async hangUp(): Promise<void> {
    await this.until('answered', () => this.has('answered') || this.isOver);
    const again = setInterval(() => this.tell('HANGUP'), AGAIN_MS);
    this.tell('HANGUP');
    await this.over().finally(() => clearInterval(again));
  }

  /** A blind transfer of the other side. */
  transfer(target: string, domain: string): void {
    this.tell('TRANSFER', `<sip:${target}@${domain}>`);
  }

  /** An attended transfer: the other side takes the place of this phone's call `consult`. */
  transferTo(consult: Line, target: string, domain: string): void {
    const [own = '', its = ''] = (/tags=(\S*)/.exec(consult.rest('answered') ?? '')?.[1] ?? '').split(',');
    const replaces = encodeURIComponent(`${consult.callId};to-tag=${its};from-tag=${own}`);
    this.tell('TRANSFER', `<sip:${target}@${domain}?Replaces=${replaces}>`);
  }

  tell(order: Order, referTo = ''): void {
    const number = ++orders;
    const message = [
      `${order} sip:phone@${this.at.host} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-order-${process.pid}-${number}`,
      'From: <sip:test@localhost>',
      'To: <sip:phone@localhost>',
      `Call-ID: ${this.callId}`,
      `CSeq: ${number} ${order}`,
      ...(referTo === '' ? [] : [`X-Refer-To: ${referTo}`]),
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    const socket = createSocket('udp4');
    socket.send(message, this.at.port, this.at.host, () => socket.close());
  }

  /** Whether both hear each other, from now on. */
  async talksWith(other: Line, limitMs = WAIT_MS): Promise<void> {
    this.audio.forget();
    other.audio.forget();
    const both = (): boolean => this.audio.hears(other.audio.voice) && other.audio.hears(this.audio.voice);
    await this.until(`talks with ${other.user}`, both, limitMs);
  }

  /** Hears something that is no phone's voice: music, an announcement. */
  async hearsSound(limitMs = WAIT_MS): Promise<void> {
    this.audio.forget();
    await this.until('hears a sound', () => this.audio.hearsSound, limitMs);
  }

  async until(what: string, condition: () => boolean, limitMs = WAIT_MS): Promise<void> {
    const endMs = Date.now() + limitMs;
    while (!condition()) {
      if (Date.now() > endMs) {
        throw new Error(`${this.user} (${this.callId}): not ${what} in time; told: ${JSON.stringify(this.told)}`);
      }
      await delay(LOOK_MS);
    }
  }
}
