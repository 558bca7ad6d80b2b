import type { Bus } from '@parkade/bus';
import type { Clock } from '@parkade/clock';
import { encodeMessage, type EventMessage } from '@parkade/presence';
import {
  type AuditRecord,
  auditOf,
  auditSubject,
  type EndpointName,
  enqueue,
  historySubject,
  isOfLife,
  jsonOf,
  type ParkLife,
  partitionPlaceSubject,
  withEvent,
} from '@parkade/records';
import { partitionOf } from '../partitions.js';
import type { EventBatch, EventSink } from './event-tap.js';
import { KeptPlace } from './place.js';

/** Lives kept at hand, so that an event of a park that goes on needs no look at the bus. */
const MAX_LIVES = 10_000;

export interface RecorderDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  /** The endpoints of a tenant that hear of this kind of event. */
  readonly hearers: (event: EventMessage) => readonly EndpointName[];
  readonly onTrouble: (error: unknown) => void;
  readonly onRecorded: (what: 'history' | 'audit' | 'webhooks', count: number) => void;
}

/**
 * Records what the events of one partition's tenants say: lives of parks, the audit of takes, and what waits for endpoints.
 *
 *   R1. The place moves on only when everything before it is recorded: a process that ends in between does it again.
 *   R2. Done again it changes nothing: a life is deaf to what it has heard, and its stored version never goes back; an audit record
 *       has one subject; a message for an endpoint has one id.
 */
export class Recorder implements EventSink {
  readonly #lives = new Map<string, ParkLife>();
  readonly #place: KeptPlace<{ readonly position: string }>;
  #position: string | undefined;
  #stopped = false;

  constructor(
    private readonly partition: number,
    private readonly deps: RecorderDeps,
  ) {
    this.#place = new KeptPlace(partitionPlaceSubject(partition), deps);
  }

  get position(): string | undefined {
    return this.#position;
  }

  /** Finds its place. Rejects where the bus is away. */
  async begin(): Promise<void> {
    this.#position = (await this.#place.load())?.position;
  }

  async take(batches: readonly EventBatch[]): Promise<void> {
    const own = (event: EventMessage): boolean => partitionOf(event.tenant) === this.partition;
    const wanted = batches.map(({ position, events }) => ({ position, events: events.filter(own) }));
    const events = wanted.flatMap((batch) => batch.events);
    await Promise.all([
      ...this.#lifeWrites(events),
      ...events.map((event) => this.#audit(auditOf(event))),
      this.#enqueue(wanted),
    ]);
    if (this.#stopped) return;
    const position = batches.at(-1)?.position;
    this.#position = position;
    if (position !== undefined) this.#place.save({ position });
  }

  /** Its place is not moved any more. Resolves when it is saved. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#place.settled();
  }

  /** One write a park, whatever happened to it in these batches. */
  #lifeWrites(events: readonly EventMessage[]): readonly Promise<void>[] {
    const byPark = new Map<string, EventMessage[]>();
    for (const event of events.filter(isOfLife)) {
      const subject = subjectOf(event);
      byPark.set(subject, [...(byPark.get(subject) ?? []), event]);
    }
    return [...byPark].map(([subject, own]) => this.#live(subject, own));
  }

  async #live(subject: string, events: readonly EventMessage[]): Promise<void> {
    const before = this.#lives.get(subject) ?? (await this.#kept(subject));
    const life = events.reduce<ParkLife | undefined>(withEvent, before);
    if (life === undefined || life === before) return;
    await this.deps.bus.publishLast(subject, encodeMessage(life), { version: life.revision });
    this.deps.onRecorded('history', 1);
    this.#lives.delete(subject);
    if (life.outcome !== '') return;
    this.#lives.set(subject, life);
    const [oldest] = this.#lives.keys();
    if (this.#lives.size > MAX_LIVES && oldest !== undefined) this.#lives.delete(oldest);
  }

  async #kept(subject: string): Promise<ParkLife | undefined> {
    const last = await this.deps.bus.last(subject);
    return last === undefined ? undefined : (jsonOf(last.payload) as ParkLife | undefined);
  }

  async #audit(record: AuditRecord | undefined): Promise<void> {
    if (record === undefined) return;
    await this.deps.bus.publishLast(auditSubject(record.tenant, record.id), encodeMessage(record), { version: 1 });
    this.deps.onRecorded('audit', 1);
  }

  async #enqueue(
    batches: readonly { readonly position: string; readonly events: readonly EventMessage[] }[],
  ): Promise<void> {
    for (const { position, events } of batches) {
      const queues = new Map<string, { readonly name: EndpointName; readonly events: EventMessage[] }>();
      for (const event of events) {
        for (const name of this.deps.hearers(event)) {
          const id = `${name.tenant} ${name.id}`;
          const queue = queues.get(id) ?? { name, events: [] };
          queues.set(id, queue);
          queue.events.push(withoutActor(event));
        }
      }
      await Promise.all(
        [...queues.values()].map((queue) => enqueue(this.deps.bus, queue.name, position, queue.events)),
      );
      if (queues.size > 0) this.deps.onRecorded('webhooks', queues.size);
    }
  }
}

/** Who asked, and from which address, is for the audit: it does not leave the cluster. */
function withoutActor(event: EventMessage): EventMessage {
  const { by, ...rest } = event;
  return by === undefined ? event : rest;
}

function subjectOf({ tenant, call, park_id }: EventMessage): string {
  const { caller_number: callerNumber = '', call_id: callId = '' } = call ?? {};
  return historySubject({ tenant, callerNumber, callId, parkId: park_id });
}
