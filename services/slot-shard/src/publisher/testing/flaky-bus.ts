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
} from '@parkade/bus';
import { type Clock, type Random, sleep } from '@parkade/clock';

/** A bus whose publishes take time, fail, or succeed without saying so; for tests. What is behind it is real. */
export class FlakyBus implements Bus {
  /** How likely a publish is to fail, 0 to 1; half of the failures have taken effect. */
  failureRate = 0;
  /** Publishes take up to this long. */
  maxDelayMs = 0;
  /** Thrown from the call itself, instead of a rejection. */
  throwSynchronously = false;
  /** Refused as wrong. */
  refuse: (payload: string) => boolean = () => false;
  attempts = 0;
  inFlight = 0;
  maxInFlight = 0;

  constructor(
    readonly inner: Bus,
    readonly clock: Clock,
    readonly random: Random,
  ) {}

  ensureStreams(streams: readonly StreamSpec[]): Promise<readonly string[]> {
    return this.inner.ensureStreams(streams);
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    return this.#flaky(payload, () => this.inner.publish(subject, payload, options));
  }

  publishLast(subject: string, payload: Uint8Array, options: PublishLastOptions): Promise<boolean> {
    return this.#flaky(payload, () => this.inner.publishLast(subject, payload, options));
  }

  last(subject: string): Promise<BusMessage | undefined> {
    return this.inner.last(subject);
  }

  subscribe(
    pattern: string,
    options: SubscribeOptions,
    onMessage: (message: BusMessage) => void,
  ): Promise<Subscription> {
    return this.inner.subscribe(pattern, options, onMessage);
  }

  read(pattern: string, from: ReadFrom): Reading {
    return this.inner.read(pattern, from);
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.inner.onStatus(listener);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  #flaky<T>(payload: Uint8Array, publish: () => Promise<T>): Promise<T> {
    this.attempts++;
    if (this.throwSynchronously) throw new BusError('unavailable', 'thrown');
    return this.#later(payload, publish);
  }

  async #later<T>(payload: Uint8Array, publish: () => Promise<T>): Promise<T> {
    this.maxInFlight = Math.max(this.maxInFlight, ++this.inFlight);
    try {
      if (this.refuse(Buffer.from(payload).toString())) throw new BusError('invalid', 'refused');
      const failure = this.random.next();
      if (this.maxDelayMs > 0) await sleep(this.clock, this.random.next() * this.maxDelayMs);
      if (failure < this.failureRate / 2) throw new BusError('unavailable', 'not stored');
      const result = await publish();
      if (failure < this.failureRate) throw new BusError('timeout', 'stored, but nobody says so');
      return result;
    } finally {
      this.inFlight--;
    }
  }
}
