import type { Clock } from '@parkade/clock';
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
} from './bus.js';
import type { BusDirectory } from './bus-directory.js';
import { StreamCatalog } from './catalog.js';
import { EmbeddedReading } from './embedded-reading.js';
import { EmbeddedStream } from './embedded-stream.js';
import { EmbeddedSubscription } from './embedded-subscription.js';
import { rethrow } from './rethrow.js';
import { StatusBoard } from './status-board.js';

/** The most subscriptions one embedded bus takes. */
export const MAX_SUBSCRIPTIONS = 4_096;

export interface EmbeddedBusDeps {
  readonly clock: Clock;
  /** What a subscriber's `onMessage` threw. Default: thrown again, where nothing catches it. */
  readonly onHandlerError?: ((error: unknown) => void) | undefined;
}

/**
 * The state behind embedded buses: what a server would hold. Every `EmbeddedBus` opened on one broker sees the same
 * streams. It can be told to be away or to lose its streams, for simulation.
 */
export class EmbeddedBroker {
  readonly catalog = new StreamCatalog();
  readonly streams = new Map<string, EmbeddedStream>();
  readonly buses = new Set<EmbeddedBus>();
  #reachable = true;
  #lost: readonly string[] = [];

  /** `directory`: where streams are kept; undefined: in memory alone. Closed by whoever opened it. */
  constructor(
    readonly clock: Clock,
    private readonly directory?: BusDirectory,
  ) {}

  /** Resolves when all that was stored so far would outlive this process, where anything does; undefined: there is nothing to wait for. */
  settled(): Promise<void> | undefined {
    return this.directory?.settled();
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  ensure(specs: readonly StreamSpec[]): readonly string[] {
    this.catalog.add(specs);
    const made: string[] = [];
    for (const spec of specs) {
      const stream = this.streams.get(spec.name);
      if (stream === undefined) {
        this.streams.set(spec.name, new EmbeddedStream(spec, this.clock, this.directory?.stream(spec.name)));
        made.push(spec.name);
      } else {
        const more = spec.subjects.filter((subject) => !stream.spec.subjects.includes(subject));
        const { maxAgeMs, maxBytes, adjustBounds } = spec;
        const bounds = adjustBounds === true ? { maxAgeMs, maxBytes } : {};
        stream.spec = { ...stream.spec, ...bounds, subjects: [...stream.spec.subjects, ...more] };
      }
    }
    return made;
  }

  stream(name: string): EmbeddedStream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw new Error(`stream ${name} is in the catalogue but was never made`);
    return stream;
  }

  /** Goes away or comes back, as a server does: meanwhile calls reject and nothing is delivered. */
  setReachable(reachable: boolean): void {
    if (this.#reachable === reachable) return;
    this.#reachable = reachable;
    const streamsLost = reachable ? this.#lost : [];
    if (reachable) this.#lost = [];
    this.#announce({ connected: reachable, streamsLost });
  }

  /** Loses what every stream holds, as a server does whose disk was wiped. The streams themselves are made again. */
  wipe(): void {
    for (const stream of this.streams.values()) stream.wipe();
    this.#lost = [...this.streams.keys()];
    if (!this.#reachable) return;
    const streamsLost = this.#lost;
    this.#lost = [];
    this.#announce({ connected: true, streamsLost });
  }

  #announce(status: BusStatus): void {
    for (const bus of this.buses) bus.announce(status);
  }
}

/**
 * The bus within the process (B1–B4 of the port), on a broker of its own or one shared with others.
 *
 *   M1. Nothing is delivered or announced within the call that caused it.
 *   M2. Memory is bounded by the streams' `maxBytes` and remembered ids: a subscription holds a place, not messages.
 */
export class EmbeddedBus implements Bus {
  readonly broker: EmbeddedBroker;
  readonly #clock: Clock;
  readonly #onHandlerError: (error: unknown) => void;
  readonly #status: StatusBoard;
  readonly #subscriptions = new Map<EmbeddedSubscription | EmbeddedReading, EmbeddedStream>();
  #closed = false;

  constructor(deps: EmbeddedBusDeps, broker = new EmbeddedBroker(deps.clock)) {
    this.broker = broker;
    this.#clock = deps.clock;
    this.#onHandlerError = deps.onHandlerError ?? rethrow;
    this.#status = new StatusBoard(deps.clock, { connected: broker.reachable, streamsLost: [] });
    broker.buses.add(this);
  }

  ensureStreams(streams: readonly StreamSpec[]): Promise<readonly string[]> {
    return this.#answer(() => this.broker.ensure(streams));
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    return this.#stored(() => {
      const stream = this.broker.stream(this.broker.catalog.forPublish(subject, payload, options.id).name);
      if (stream.append(subject, payload, options.id)) this.#wakeAll(stream);
    });
  }

  publishLast(subject: string, payload: Uint8Array, options: PublishLastOptions): Promise<boolean> {
    return this.#stored(() => {
      const stream = this.broker.stream(this.broker.catalog.forPublishLast(subject, payload, options.version).name);
      const stored = stream.replace(subject, payload, options.version);
      if (stored) this.#wakeAll(stream);
      return stored;
    });
  }

  last(subject: string): Promise<BusMessage | undefined> {
    return this.#answer(() => this.broker.stream(this.broker.catalog.forLast(subject).name).last(subject));
  }

  subscribe(
    pattern: string,
    options: SubscribeOptions,
    onMessage: (message: BusMessage) => void,
  ): Promise<Subscription> {
    return this.#answer(() => {
      const stream = this.broker.stream(this.broker.catalog.forPattern(pattern).name);
      if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) throw new BusError('invalid', 'too many subscriptions');
      const subscription = new EmbeddedSubscription(stream, pattern, options.replay, {
        clock: this.#clock,
        onMessage,
        onReplayed: options.onReplayed,
        onHandlerError: this.#onHandlerError,
        reachable: () => this.broker.reachable,
      });
      this.#subscriptions.set(subscription, stream);
      return {
        close: () => {
          subscription.stop();
          this.#subscriptions.delete(subscription);
          return Promise.resolve();
        },
      };
    });
  }

  read(pattern: string, from: ReadFrom): Reading {
    if (this.#closed) throw new BusError('closed', 'the bus is closed');
    const stream = this.broker.stream(this.broker.catalog.forPattern(pattern).name);
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) throw new BusError('invalid', 'too many subscriptions');
    const reading = new EmbeddedReading(stream, pattern, from, {
      clock: this.#clock,
      reachable: () => this.broker.reachable,
      onClose: (closed) => void this.#subscriptions.delete(closed),
    });
    this.#subscriptions.set(reading, stream);
    return reading;
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.broker.buses.delete(this);
    for (const subscription of this.#subscriptions.keys()) {
      if (subscription instanceof EmbeddedReading) subscription.close();
      else subscription.stop();
    }
    this.#subscriptions.clear();
    this.#status.close();
    return Promise.resolve();
  }

  /** For the broker: tells the listeners, and wakes subscriptions whose stream may have begun anew. */
  announce(status: BusStatus): void {
    this.#status.set(status);
    this.wake();
  }

  /** For the broker and other buses on it: `stream`, or every stream, may hold something new. */
  wake(stream?: EmbeddedStream): void {
    for (const [subscription, own] of this.#subscriptions) {
      if (stream === undefined || own === stream) subscription.wake();
    }
  }

  #wakeAll(stream: EmbeddedStream): void {
    for (const bus of this.broker.buses) bus.wake(stream);
  }

  /** Answers when what was stored would outlive this process, where anything does. */
  #stored<T>(act: () => T): Promise<T> {
    const stored = this.#answer(act);
    return stored.then((value) => this.broker.settled()?.then(() => value) ?? value);
  }

  #answer<T>(act: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#closed) throw new BusError('closed', 'the bus is closed');
      if (!this.broker.reachable) throw new BusError('unavailable', 'the bus is away');
      resolve(act());
    });
  }
}
