import {
  type Bus,
  BusError,
  type BusMessage,
  type BusStatus,
  type PublishLastOptions,
  type PublishOptions,
  type Reading,
  type ReadFrom,
  type StreamSpec,
  type SubscribeOptions,
  type Subscription,
} from '../bus.js';
import { StreamCatalog } from '../catalog.js';
import { rethrow } from '../rethrow.js';
import { Deadline, DEFAULT_TIMEOUT_MS } from './deadline.js';
import { Gate } from './gate.js';
import { lastValueServer, readLast } from './last-value-server.js';
import { LastValues } from './last-values.js';
import { Lifeline } from './lifeline.js';
import { ID_HEADER, STREAM_HEADER } from './message.js';
import type { NatsBusDeps, NatsOptions } from './options.js';
import { PullReading } from './pull-reading.js';
import { type Acknowledgement, Header } from './publishes.js';
import { Reader } from './reader.js';
import { StreamKeeper } from './stream-keeper.js';
import { Timeouts } from '@parkade/clock';

/** Publishes on their way to the server at once. */
export const MAX_IN_FLIGHT = 512;
/** Publishes begun and not ended, in flight or waiting; one more is refused as `unavailable`. */
export const MAX_PENDING = 16_384;
/** The most subscriptions one bus takes. */
export const MAX_SUBSCRIPTIONS = 1_024;

/**
 * The bus on NATS JetStream (B1–B4 of the port).
 *
 *   N1. Each call is sent on the session that is ready, and fails when that ends: nothing is kept to be sent later.
 *   N2. At most `MAX_IN_FLIGHT` publishes are on their way and `MAX_PENDING` begun; each ends within its time limit.
 *   N3. What is remembered of a stream's last values is forgotten before its loss is announced.
 */
export class NatsBus implements Bus {
  readonly #catalog = new StreamCatalog();
  readonly #keeper: StreamKeeper;
  readonly #lifeline: Lifeline;
  readonly #gate = new Gate(MAX_IN_FLIGHT);
  readonly #timeouts: Timeouts;
  readonly #lastValues = new Map<string, LastValues>();
  readonly #readers = new Set<Reader>();
  #pending = 0;

  constructor(
    options: NatsOptions,
    private readonly deps: NatsBusDeps,
  ) {
    this.#keeper = new StreamKeeper({
      catalog: this.#catalog,
      replicas: options.replicas ?? 1,
      onLost: (name) => {
        this.#lastValues.get(name)?.forgetAll();
        for (const reader of this.#readers) reader.startAgain(name);
      },
      onFault: (doing, error) => deps.onFault?.(doing, error),
    });
    this.#timeouts = new Timeouts(deps.clock);
    this.#lifeline = new Lifeline(options, deps, this.#timeouts, this.#keeper, (session) => {
      for (const reader of this.#readers) void reader.follow(session);
    });
  }

  async ensureStreams(streams: readonly StreamSpec[]): Promise<readonly string[]> {
    this.#checkOpen();
    this.#catalog.add(streams);
    const deadline = new Deadline(this.deps.clock, DEFAULT_TIMEOUT_MS);
    return await this.#timed(deadline, () =>
      this.#lifeline.persist(deadline, () => this.#keeper.ensure(this.#lifeline.open(), streams)),
    );
  }

  async publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    this.#checkOpen();
    const spec = this.#catalog.forPublish(subject, payload, options.id);
    const header = new Header(`${ID_HEADER}: ${options.id}\r\n${STREAM_HEADER}: ${spec.name}\r\n`);
    await this.#publishing(options.timeoutMs, async (deadline) => {
      const stored = await this.#send(subject, payload, header, deadline);
      if ('refused' in stored) throw new BusError('unavailable', `JetStream: ${stored.description}`);
      this.#keeper.saw(spec.name, stored.sequence);
    });
  }

  async publishLast(subject: string, payload: Uint8Array, options: PublishLastOptions): Promise<boolean> {
    this.#checkOpen();
    const spec = this.#catalog.forPublishLast(subject, payload, options.version);
    return await this.#publishing(options.timeoutMs, (deadline) =>
      this.#lastValuesOf(spec).publish(subject, payload, options.version, deadline),
    );
  }

  async last(subject: string): Promise<BusMessage | undefined> {
    this.#checkOpen();
    const spec = this.#catalog.forLast(subject);
    const deadline = new Deadline(this.deps.clock, DEFAULT_TIMEOUT_MS);
    return await this.#timed(deadline, async () => await readLast(this.#lifeline.ready(), this.#keeper, spec, subject));
  }

  async subscribe(
    pattern: string,
    options: SubscribeOptions,
    onMessage: (message: BusMessage) => void,
  ): Promise<Subscription> {
    this.#checkOpen();
    const spec = this.#catalog.forPattern(pattern);
    if (this.#readers.size >= MAX_SUBSCRIPTIONS) throw new BusError('invalid', 'too many subscriptions');
    const { clock, onHandlerError = rethrow } = this.deps;
    const reader = new Reader(spec, pattern, options.replay, {
      clock,
      keeper: this.#keeper,
      onMessage,
      onReplayed: options.onReplayed,
      onHandlerError,
      onFault: (doing, error) => this.deps.onFault?.(doing, error),
      suspectLoss: () => this.#lifeline.suspectLoss(),
    });
    const deadline = new Deadline(clock, DEFAULT_TIMEOUT_MS);
    try {
      await this.#timed(deadline, () => this.#lifeline.persist(deadline, () => reader.open(this.#lifeline.ready())));
    } catch (error) {
      reader.close();
      throw error;
    }
    this.#readers.add(reader);
    const session = this.#lifeline.current;
    if (session !== undefined) void reader.follow(session);
    return {
      close: () => {
        this.#drop(reader);
        return Promise.resolve();
      },
    };
  }

  read(pattern: string, from: ReadFrom): Reading {
    this.#checkOpen();
    return new PullReading(this.#catalog.forPattern(pattern), pattern, from, {
      clock: this.deps.clock,
      session: () => this.#lifeline.ready(),
      suspectLoss: () => this.#lifeline.suspectLoss(),
    });
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#lifeline.onStatus(listener);
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) this.#drop(reader);
    await this.#lifeline.close();
  }

  #checkOpen(): void {
    if (this.#lifeline.closed) throw new BusError('closed', 'the bus is closed');
  }

  #drop(reader: Reader): void {
    reader.close();
    this.#readers.delete(reader);
  }

  #lastValuesOf(spec: StreamSpec): LastValues {
    const known = this.#lastValues.get(spec.name);
    if (known !== undefined) return known;
    const server = lastValueServer(
      () => this.#lifeline.ready(),
      (...message) => this.#send(...message),
      this.#gate,
      this.#keeper,
      spec,
    );
    const made = new LastValues(server);
    this.#lastValues.set(spec.name, made);
    return made;
  }

  /** Runs a publish within the bounds of N2; refuses it at once while the bus is away. */
  async #publishing<T>(timeoutMs: number | undefined, task: (deadline: Deadline) => Promise<T>): Promise<T> {
    this.#lifeline.ready();
    if (this.#pending >= MAX_PENDING) throw new BusError('unavailable', `${MAX_PENDING} publishes are pending`);
    const deadline = new Deadline(this.deps.clock, timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.#pending += 1;
    // Only when it has ended: a call whose time is over may still wait for its turn.
    const settled = (): void => void (this.#pending -= 1);
    try {
      return await this.#timeouts.within(task(deadline), deadline.atMs, () => deadline.late(), settled);
    } catch (error) {
      this.#checkOpen();
      throw error;
    }
  }

  /** Publishes on the session of the moment once there is room among those on their way. */
  #send(subject: string, payload: Uint8Array, header: Header, deadline: Deadline): Promise<Acknowledgement> {
    const sendNow = (): Promise<Acknowledgement> => {
      const leave = (): void => this.#gate.leave();
      try {
        deadline.leftMs();
        return this.#lifeline.ready().publishes.send(subject, payload, header, deadline, leave);
      } catch (error) {
        leave();
        throw error;
      }
    };
    const waiting = this.#gate.enter();
    return waiting === undefined ? sendNow() : waiting.then(sendNow);
  }

  async #timed<T>(deadline: Deadline, task: () => Promise<T>): Promise<T> {
    try {
      return await this.#timeouts.within(task(), deadline.atMs, () => deadline.late());
    } catch (error) {
      this.#checkOpen();
      throw error;
    }
  }
}
