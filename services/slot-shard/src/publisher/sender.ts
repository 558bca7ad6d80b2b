import { type Bus, BusError } from '@parkade/bus';
import type { Clock } from '@parkade/clock';
import {
  clearedLamp,
  encodeLines,
  EVENT_BATCHES,
  EventLines,
  type NoticeMessage,
  noticeLine,
  type OutgoingLamp,
  slotLamp,
} from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';
import type { Log, Span, Tracer } from '@parkade/rpc';
import type { QueuedEvent } from './event-queue.js';
import type { LampBatch } from './lamp-lane.js';
import type { PublisherObserver } from './observer.js';

/** `again`: the bus did not answer; it may have been stored or not. `gone`: stored, or such that it never can be. */
export type Sent = 'gone' | 'again';

/** Events of one message. */
export interface EventBatch {
  /** Of the message: what is sent again under it is stored once. */
  readonly id: string;
  readonly events: QueuedEvent[];
  readonly lines: EventLines;
  readonly spans: Span[];
}

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

  batch(id: string, events: readonly QueuedEvent[]): EventBatch {
    const batch: EventBatch = { id, events: [], lines: new EventLines(), spans: [] };
    for (const event of events) this.write(batch, event);
    return batch;
  }

  /** Writes an event into a batch; returns how many bytes it took. */
  write(batch: EventBatch, event: QueuedEvent): number {
    const { slotKey, record, revision, trace = '' } = event;
    batch.events.push(event);
    const bytes = this.#write(() => batch.lines.add(slotKey, record, revision)) ?? 0;
    if (bytes === 0) return 0;
    if (this.tracer !== undefined && trace !== '') batch.spans.push(this.tracer.span('publish event', 'client', trace));
    return bytes;
  }

  /** Sends a batch, for the first time or again. */
  async events({ id, events, lines, spans }: EventBatch): Promise<Sent | 'refused'> {
    const sent = await this.#attempt(() => this.#publish(id, lines.bytes));
    if (sent === 'gone') for (const { record } of events) this.#stored('event', record);
    if (sent !== 'again') for (const span of spans) span.end({ 'parkade.batch': id }, sent === 'refused');
    return sent;
  }

  /** The cleared lamps one after the other, then the slot's; what went is taken out of the batch. */
  lamps(batch: LampBatch): Promise<Sent> {
    if (batch.cleared.size > 0) return this.#clearedFirst(batch);
    const { lamp } = batch;
    return this.#lamp(() => slotLamp(lamp.record, lamp.facts, lamp.revision), lamp.record);
  }

  async #clearedFirst(batch: LampBatch): Promise<Sent> {
    for (const [presenceId, { record, revision }] of batch.cleared) {
      if ((await this.#lamp(() => clearedLamp(record, presenceId, revision))) === 'again') return 'again';
      batch.cleared.delete(presenceId);
    }
    return this.lamps(batch);
  }

  async notice(notice: Omit<NoticeMessage, 'kind'>): Promise<Sent> {
    const line = this.#write(() => noticeLine(notice));
    if (line === undefined) return 'gone';
    const sent = await this.#attempt(() => this.#publish(notice.id, encodeLines([line])));
    return sent === 'again' ? 'again' : 'gone';
  }

  /** `record`: the one whose lamp it is, where it is the slot's own. */
  async #lamp(write: () => OutgoingLamp | undefined, record?: SlotRecord): Promise<Sent> {
    const lamp = this.#write(write);
    if (lamp === undefined) return 'gone';
    const { subject, payload, version } = lamp;
    const options = { version, timeoutMs: this.timeoutMs };
    const sent = await this.#attempt(() => this.bus.publishLast(subject, payload, options));
    if (sent === 'gone' && record !== undefined) this.#stored('lamp', record);
    return sent === 'again' ? 'again' : 'gone';
  }

  #publish(id: string, payload: Uint8Array): Promise<void> {
    return this.bus.publish(EVENT_BATCHES, payload, { id, timeoutMs: this.timeoutMs });
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

  async #attempt(publish: () => Promise<unknown>): Promise<Sent | 'refused'> {
    try {
      await publish();
      return 'gone';
    } catch (error) {
      if (!(error instanceof BusError && error.code === 'invalid')) {
        this.observer.failed('unavailable');
        return 'again';
      }
      this.#refused(error);
      return 'refused';
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
