import { type Bus, BusError, type EmbeddedBroker, EmbeddedBus } from '@parkade/bus';
import type { Host } from './host.js';
import type { Scheduler } from './scheduler.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const MIN_MS = 0.2;
const MAX_MS = 2;

/**
 * One host's way to the bus all share.
 *
 *   B1. What is published is stored at one moment after it was sent, or never; of a lost answer the publisher hears nothing in time.
 *   B2. What is subscribed runs on the host: dead or frozen, it hears nothing.
 */
export class SimBus implements Bus {
  /** The share of publishes that are stored without an answer, and of those that never get there. */
  faults = { lose: 0, drop: 0 };
  readonly #inner: EmbeddedBus;

  constructor(
    broker: EmbeddedBroker,
    private readonly host: Host,
    private readonly scheduler: Scheduler,
    /** Hears of every message with events that was stored. */
    private readonly stored: (payload: Uint8Array) => void = () => undefined,
  ) {
    this.#inner = new EmbeddedBus({ clock: host.clock }, broker);
    host.onDeath.add(() => void this.#inner.close());
  }

  ensureStreams(...[streams]: Parameters<Bus['ensureStreams']>): ReturnType<Bus['ensureStreams']> {
    return this.#call(DEFAULT_TIMEOUT_MS, () => this.#inner.ensureStreams(streams));
  }

  publish(...[subject, payload, options]: Parameters<Bus['publish']>): Promise<void> {
    return this.#call(
      options.timeoutMs,
      async () => {
        await this.#inner.publish(subject, payload, options);
        this.stored(payload);
      },
      true,
    );
  }

  publishLast(...[subject, payload, options]: Parameters<Bus['publishLast']>): Promise<boolean> {
    return this.#call(options.timeoutMs, () => this.#inner.publishLast(subject, payload, options), true);
  }

  last(subject: string): ReturnType<Bus['last']> {
    return this.#call(DEFAULT_TIMEOUT_MS, () => this.#inner.last(subject));
  }

  subscribe(...[pattern, options, onMessage]: Parameters<Bus['subscribe']>): ReturnType<Bus['subscribe']> {
    return this.#call(DEFAULT_TIMEOUT_MS, () => this.#inner.subscribe(pattern, options, onMessage));
  }

  read(...[pattern, from]: Parameters<Bus['read']>): ReturnType<Bus['read']> {
    return this.#inner.read(pattern, from);
  }

  onStatus(listener: Parameters<Bus['onStatus']>[0]): () => void {
    return this.#inner.onStatus(listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #call<T>(timeoutMs: number | undefined, apply: () => Promise<T>, publishes = false): Promise<T> {
    const { scheduler, host } = this;
    const { random } = scheduler;
    const draw = publishes ? random.next() : 1;
    const dropped = draw < this.faults.drop;
    const lost = !dropped && draw < this.faults.drop + this.faults.lose;
    const way = (): number => MIN_MS + random.next() * (MAX_MS - MIN_MS);
    return new Promise((resolve, reject) => {
      const limit = host.after(timeoutMs ?? DEFAULT_TIMEOUT_MS, () =>
        reject(new BusError('timeout', 'no answer in time')),
      );
      if (dropped) return;
      const back = (fn: () => void): void =>
        void scheduler.after(way(), host, () => {
          limit.cancel();
          fn();
        });
      scheduler.after(way(), undefined, () => {
        apply().then(
          (result) => {
            if (!lost) back(() => resolve(result));
          },
          (error: unknown) => back(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      });
    });
  }
}
