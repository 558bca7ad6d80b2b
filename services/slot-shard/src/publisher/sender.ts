import { type Bus, BusError } from '@parkade/bus';
import type { Clock } from '@parkade/clock';
import {
  clearedLamp,
  encodeLines,
  EVENT_BATCHES,
  eventId,
  eventLine,
  type NoticeMessage,
  noticeLine,
  type OutgoingLamp,
  slotLamp,
} from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';
import type { Log, Tracer } from '@parkade/rpc';
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
    readonly tracer?: Tracer,
  ) {}

  event(slotKey: string, { record, revision, trace = '' }: QueuedEvent): Promise<Sent> {
    const line = this.#write(() => eventLine(slotKey, record, revision));
    const span = trace === '' ? undefined : this.tracer?.span('publish event', 'client', trace);
    const publish = line === undefined ? undefined : () => this.#publish(eventId(slotKey, revision), line);
    const sent = this.#attempt(publish, 'event', record);
    if (span !== undefined) void sent.then((how) => span.end({ 'parkade.revision': revision }, how === 'again'));
    return sent;
  }

  /** The cleared lamps one after the other, then the slot's; what went is taken out of the batch. */
  lamps(batch: LampBatch): Promise<Sent> {
    if (batch.cleared.size > 0) return this.#clearedFirst(batch);
    const { lamp } = batch;
    if (lamp === undefined) return Promise.resolve('gone');
    return this.#lamp(() => slotLamp(lamp.record, lamp.facts, lamp.revision), lamp.record);
  }

  async #clearedFirst(batch: LampBatch): Promise<Sent> {
    for (const [presenceId, { record, revision }] of batch.cleared) {
      if ((await this.#lamp(() => clearedLamp(record, presenceId, revision))) === 'again') return 'again';
      batch.cleared.delete(presenceId);
    }
    return this.lamps(batch);
  }

  notice(notice: Omit<NoticeMessage, 'kind'>): Promise<Sent> {
    const line = this.#write(() => noticeLine(notice));
    return this.#attempt(line === undefined ? undefined : () => this.#publish(notice.id, line));
  }

  /** `record`: the one whose lamp it is, where it is the slot's own. */
  #lamp(write: () => OutgoingLamp | undefined, record?: SlotRecord): Promise<Sent> {
    const lamp = this.#write(write);
    if (lamp === undefined) return this.#attempt(undefined, 'lamp', record);
    const { subject, payload, version } = lamp;
    const options = { version, timeoutMs: this.timeoutMs };
    return this.#attempt(() => this.bus.publishLast(subject, payload, options), 'lamp', record);
  }

  #publish(id: string, line: string): Promise<void> {
    return this.bus.publish(EVENT_BATCHES, encodeLines([line]), { id, timeoutMs: this.timeoutMs });
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

  /** The one wait of all it takes to publish something: each costs a microsecond, and every command publishes twice. */
  async #attempt(
    publish: (() => Promise<unknown>) | undefined,
    what?: 'event' | 'lamp',
    record?: SlotRecord,
  ): Promise<Sent> {
    try {
      if (publish !== undefined) await publish();
    } catch (error) {
      if (!(error instanceof BusError && error.code === 'invalid')) {
        this.observer.failed('unavailable');
        return 'again';
      }
      this.#refused(error);
    }
    if (what !== undefined && record !== undefined) this.#stored(what, record);
    return 'gone';
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
