import type { Clock, Timeouts } from '@parkade/clock';
import type { JetStreamClient, JetStreamManager, Msg, NatsConnection } from 'nats';
import { Empty, ErrorCode, NatsError } from 'nats';
import { BusError } from '../bus.js';
import { Publishes } from './publishes.js';

/** Error codes of the JetStream API that decide what happens next. */
export const API = { streamNotFound: 10_059, messageNotFound: 10_037, wrongLastSequence: 10_071, nameInUse: 10_058 };

const TIMEOUT: string = ErrorCode.Timeout;
const MAX_PAYLOAD_EXCEEDED: string = ErrorCode.MaxPayloadExceeded;
/** How long a question to the JetStream API may take, in milliseconds. */
const API_TIMEOUT_MS = 2_000;

/**
 * One connection to a NATS server, from its start to its end. The client's own reconnecting is off: when the connection
 * ends, everything begun on it fails at once and nothing is held back to be sent (or dropped) later.
 */
export class NatsSession {
  readonly js: JetStreamClient;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>;
  #jsm: JetStreamManager | undefined;
  /** What is published on this connection. */
  readonly publishes: Publishes;
  #over = false;

  private constructor(
    readonly connection: NatsConnection,
    clock: Clock,
    timeouts: Timeouts,
  ) {
    this.js = connection.jetstream({ timeout: API_TIMEOUT_MS });
    this.publishes = new Publishes(connection, clock, timeouts, (error) => this.#toBusError(error));
    this.ended = connection.closed().then(() => {
      this.#over = true;
      this.publishes.fail();
    });
  }

  static async on(connection: NatsConnection, clock: Clock, timeouts: Timeouts): Promise<NatsSession> {
    const session = new NatsSession(connection, clock, timeouts);
    session.#jsm = await connection.jetstreamManager({ checkAPI: false, timeout: API_TIMEOUT_MS });
    return session;
  }

  get over(): boolean {
    return this.#over || this.connection.isClosed();
  }

  get jsm(): JetStreamManager {
    if (this.#jsm === undefined) throw new Error('a session is used before it is made');
    return this.#jsm;
  }

  /** Runs a call on this connection; what it rejects with is a `BusError`. */
  async call<T>(make: () => Promise<T>): Promise<T> {
    if (this.over) throw new BusError('unavailable', 'the connection to the bus is lost');
    try {
      return await make();
    } catch (error) {
      throw this.#toBusError(error);
    }
  }

  /** Asks `subject` and resolves to the answer as it came; for what the client's own interface does not reach. */
  async ask(subject: string, question?: object): Promise<Msg> {
    const payload = question === undefined ? Empty : new TextEncoder().encode(JSON.stringify(question));
    return await this.call(() => this.connection.request(subject, payload, { timeout: API_TIMEOUT_MS }));
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  #toBusError(error: unknown): unknown {
    if (!(error instanceof NatsError)) return error;
    if (this.over) return new BusError('unavailable', 'the connection to the bus was lost', { cause: error });
    if (error.isJetStreamError()) return new BusError('unavailable', `JetStream: ${error.message}`, { cause: error });
    const code: string = error.code;
    if (code === TIMEOUT) return new BusError('timeout', 'the bus did not answer', { cause: error });
    if (code === MAX_PAYLOAD_EXCEEDED) {
      return new BusError('invalid', 'the payload is more than the server takes', { cause: error });
    }
    return new BusError('unavailable', `the bus refused: ${error.message}`, { cause: error });
  }
}

/** The JetStream API's error code behind a failed call; undefined where there is none. */
export function apiErrorCode(error: unknown): number | undefined {
  const cause = error instanceof BusError ? error.cause : error;
  return cause instanceof NatsError ? cause.api_error?.err_code : undefined;
}
