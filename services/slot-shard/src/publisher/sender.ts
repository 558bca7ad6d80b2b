import { type Bus, BusError } from '@parkade/bus';
import type { Clock } from '@parkade/clock';
import {
  clearedLamp,
  type NoticeMessage,
  noticeEvent,
  type OutgoingEvent,
  type OutgoingLamp,
  slotLamp,
  transitionEvent,
} from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { LampBatch, QueuedEvent } from './lane.js';
import type { PublisherObserver } from './observer.js';

/** `again`: the bus did not answer; it may have been stored or not. `gone`: stored, or such that it never can be. */
export type Sent = 'gone' | 'again';

/** Writes messages out and hands them to the bus, once. Never rejects. */
export class Sender {
  constructor(
    readonly timeoutMs: number,
    readonly bus: Bus,
    readonly clock: Clock,
    readonly log: Log,
    readonly observer: PublisherObserver,
  ) {}

  async event(slotKey: string, { record, revision }: QueuedEvent): Promise<Sent> {
    const event = this.#write(() => transitionEvent(slotKey, record, revision));
    const sent = event === undefined ? 'gone' : await this.#attempt(() => this.#publish(event));
    if (sent === 'gone') this.#stored('event', record);
    return sent;
  }

  /** The cleared lamps one after the other, then the slot's; what went is taken out of the batch. */
  async lamps(batch: LampBatch): Promise<Sent> {
    for (const [presenceId, { record, revision }] of batch.cleared) {
      if ((await this.#lamp(() => clearedLamp(record, presenceId, revision))) === 'again') return 'again';
      batch.cleared.delete(presenceId);
    }
    const { lamp } = batch;
    if (lamp === undefined) return 'gone';
    const sent = await this.#lamp(() => slotLamp(lamp.record, lamp.facts, lamp.revision));
    if (sent === 'gone') this.#stored('lamp', lamp.record);
    return sent;
  }

  async notice(notice: Omit<NoticeMessage, 'kind'>): Promise<Sent> {
    const event = this.#write(() => noticeEvent(notice));
    return event === undefined ? 'gone' : this.#attempt(() => this.#publish(event));
  }

  async #lamp(write: () => OutgoingLamp | undefined): Promise<Sent> {
    const lamp = this.#write(write);
    if (lamp === undefined) return 'gone';
    const { subject, payload, version } = lamp;
    return this.#attempt(() => this.bus.publishLast(subject, payload, { version, timeoutMs: this.timeoutMs }));
  }

  #publish({ subject, payload, id }: OutgoingEvent): Promise<void> {
    return this.bus.publish(subject, payload, { id, timeoutMs: this.timeoutMs });
  }

  /** What cannot be written out is a defect of ours: told, and left out, or it would hold up its slot for ever. */
  #write<T>(write: () => T | undefined): T | undefined {
    try {
      return write();
    } catch (error) {
      this.#refused(error);
      return undefined;
    }
  }

  async #attempt(publish: () => Promise<unknown>): Promise<Sent> {
    try {
      await publish();
      return 'gone';
    } catch (error) {
      if (error instanceof BusError && error.code === 'invalid') {
        this.#refused(error);
        return 'gone';
      }
      this.observer.failed('unavailable');
      return 'again';
    }
  }

  #refused(error: unknown): void {
    this.log.error('publish-refused', { cause: error instanceof Error ? error.message : String(error) });
    this.observer.failed('refused');
  }

  #stored(what: 'event' | 'lamp', record: SlotRecord): void {
    const nowMs = this.clock.nowMs();
    this.observer.published(what, Math.max(0, nowMs - (record.last?.atMs ?? nowMs)));
  }
}
