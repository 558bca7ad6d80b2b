import { type Clock, sleep } from '@parkade/clock';
import { type ParkServiceClient, PresenceType, type Slot } from '@parkade/proto';
import { watchSlots } from '../client/slot-watch.js';

const LOOK_EVERY_MS = 5;

/** Somebody who watches the lamps of a tenant and remembers each as it is now. */
export class Watcher {
  readonly #lamps = new Map<string, Slot>();
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  readonly #ended: Promise<void>;
  #synced = false;

  constructor(client: ParkServiceClient, tenantId: string, clock: Clock) {
    this.#clock = clock;
    const handlers = {
      reset: () => this.#lamps.clear(),
      slot: (slot: Slot) => void this.#lamps.set(slot.slot, slot),
      synced: () => void (this.#synced = true),
    };
    this.#ended = watchSlots(client, { tenantId, lotId: '' }, handlers, this.#stop.signal);
    this.#ended.catch(() => undefined);
  }

  /** Whether the snapshot was complete within the time. */
  ready(timeoutMs: number): Promise<boolean> {
    return this.#within(timeoutMs, () => this.#synced);
  }

  /** The slot, once its lamp is lit (or dark); undefined when that did not come within the time. */
  lamp(slot: string, lit: boolean, timeoutMs: number): Promise<Slot | undefined> {
    const isLit = ({ presence }: Slot): boolean =>
      presence === PresenceType.EARLY || presence === PresenceType.CONFIRMED;
    return this.slot(slot, (seen) => isLit(seen) === lit, timeoutMs);
  }

  /** The slot, once it is as `is` says; undefined when that did not come within the time. */
  async slot(slot: string, is: (seen: Slot) => boolean, timeoutMs: number): Promise<Slot | undefined> {
    const holds = (): boolean => {
      const seen = this.#lamps.get(slot);
      return seen !== undefined && is(seen);
    };
    return (await this.#within(timeoutMs, holds)) ? this.#lamps.get(slot) : undefined;
  }

  /** Ends the stream. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended.catch(() => undefined);
  }

  async #within(timeoutMs: number, holds: () => boolean): Promise<boolean> {
    const endMs = this.#clock.monotonicMs() + timeoutMs;
    while (!holds()) {
      if (this.#clock.monotonicMs() > endMs) return false;
      await sleep(this.#clock, LOOK_EVERY_MS);
    }
    return true;
  }
}
