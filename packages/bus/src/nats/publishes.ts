import { type Clock, FleetingMap, numberHash, type Timeouts } from '@parkade/clock';
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import { BusError } from '../bus.js';
import type { Deadline } from './deadline.js';

/** What JetStream says to a publish: where it is stored, or the error code of its API. */
export type Acknowledgement =
  { readonly sequence: number } | { readonly refused: number; readonly description: string };

interface Waiting {
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
  /** Called once, whichever way it ends. */
  readonly ended: () => void;
}

/**
 * The publishes of one connection that JetStream is to acknowledge.
 *
 *   A1. Each ends once: acknowledged, refused, late, or failed with its connection.
 *   A2. All of a turn of the event loop leave in one write.
 *
 * The client's own `publish` makes a request of each: a timer, an error with a stack that is thrown away, four promises and a
 * socket write, together 45 µs. Here one subscription takes all acknowledgements.
 */
export class Publishes {
  readonly #inbox = createInbox();
  readonly #waiting = new FleetingMap<number, Waiting>(numberHash);
  #unsent: (() => void)[] = [];
  #count = 0;
  #failed = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly clock: Clock,
    private readonly timeouts: Timeouts,
    private readonly toBusError: (error: unknown) => unknown,
  ) {
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.#acknowledged(message);
    };
    connection.subscribe(`${this.#inbox}.*`, { callback });
  }

  /**
   * Sends, and resolves to what JetStream says by the deadline. Rejects with `BusError`. `ended` is called once, before either.
   */
  send(
    subject: string,
    payload: Uint8Array,
    header: Header,
    deadline: Deadline,
    ended: () => void,
  ): Promise<Acknowledgement> {
    if (this.#failed) {
      ended();
      return Promise.reject(lost());
    }
    const number = ++this.#count;
    return new Promise((resolve, reject) => {
      const timeout = this.timeouts.add(deadline.atMs, () => this.#end(number)?.reject(deadline.late()));
      const over = (): void => {
        this.timeouts.remove(timeout);
        ended();
      };
      this.#waiting.set(number, { resolve, reject, ended: over });
      this.#unsent.push(() => this.#write(subject, payload, header, number));
      if (this.#unsent.length === 1) this.clock.defer(() => this.#flush());
    });
  }

  /** The connection has ended: nothing more will be heard. */
  fail(): void {
    this.#failed = true;
    this.#waiting.forEach((_, number) => this.#end(number)?.reject(lost()));
  }

  #flush(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const write of unsent) write();
  }

  #write(subject: string, payload: Uint8Array, header: Header, number: number): void {
    // Whose time was over before it left is not sent any more.
    if (!this.#waiting.has(number)) return;
    const reply = `${this.#inbox}.${number}`;
    try {
      this.connection.publish(subject, payload, { reply, headers: header as unknown as MsgHdrs });
    } catch (error) {
      this.#end(number)?.reject(this.toBusError(error) as Error);
    }
  }

  #acknowledged(message: Msg): void {
    const waiting = this.#end(Number(message.subject.slice(this.#inbox.length + 1)));
    if (waiting === undefined) return;
    const acknowledgement = acknowledgementOf(message);
    if (acknowledgement instanceof BusError) waiting.reject(acknowledgement);
    else waiting.resolve(acknowledgement);
  }

  #end(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.ended();
    return waiting;
  }
}

/**
 * A message's header lines as they are written. All the client asks of a header it sends is `encode`; its own class takes 3 µs
 * to build one.
 */
export class Header {
  /** Names and values hold visible ASCII only. */
  constructor(private readonly lines: string) {}

  encode(): Uint8Array {
    return Buffer.from(`NATS/1.0\r\n${this.lines}\r\n`, 'latin1');
  }
}

function acknowledgementOf(message: Msg): Acknowledgement | BusError {
  const { data } = message;
  if (data.length === 0) return new BusError('unavailable', `JetStream: ${message.headers?.status ?? 'no answer'}`);
  let answer: { readonly stream?: unknown; readonly seq?: unknown; readonly error?: ApiError };
  try {
    answer = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString()) as typeof answer;
  } catch (cause) {
    return new BusError('unavailable', 'JetStream: an acknowledgement that is none', { cause });
  }
  const { stream, seq, error } = answer;
  if (error !== undefined) return { refused: error.err_code ?? 0, description: error.description ?? '' };
  if (typeof stream === 'string' && stream !== '' && typeof seq === 'number') return { sequence: seq };
  return new BusError('unavailable', 'JetStream: an acknowledgement that is none');
}

interface ApiError {
  readonly err_code?: number;
  readonly description?: string;
}

function lost(): BusError {
  return new BusError('unavailable', 'the connection to the bus was lost');
}
