import type { Bus, Reading } from '@parkade/bus';
import { type Clock, type Random, sleep } from '@parkade/clock';
import type { EventMessage } from '@parkade/presence';
import {
  type Endpoint,
  type EndpointName,
  endpointPlaceSubject,
  putDeadLetter,
  queuedEvents,
  queueSubject,
  secretsAt,
  signedHeaders,
} from '@parkade/records';
import type { WebhookLimits } from '../config.js';
import { KeptPlace } from '../recording/place.js';
import { post, type PostOutcome } from './post.js';
import { pauseMs } from './retry.js';
import { SlotLanes } from './slot-lanes.js';
import type { Resolve } from './target.js';

const WAIT_MS = 20_000;
const RETRY_MS = 1_000;

export interface EndpointWorkerDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: WebhookLimits;
  readonly resolve: Resolve;
  /** Whether this process is still the one that delivers. */
  readonly owns: () => boolean;
  readonly onTrouble: (error: unknown) => void;
  readonly onAttempt: (outcome: PostOutcome['kind'] | 'dead') => void;
}

/** Up to which message all is delivered or given up, and how many were given up so far. */
interface Place {
  readonly position: string;
  readonly dead: number;
}

interface Taken {
  readonly position: string;
  left: number;
}

/**
 * Delivers to one endpoint what waits in its queue.
 *
 *   W1. Of one slot an event is posted only when the one before it was taken or given up.
 *   W2. The place moves only over messages of which every event was taken or is a dead letter that the bus has: a process that ends
 *       before delivers again, with the same ids.
 *   W3. What is in memory is bounded: of messages and of slots at once. What is not read waits in the queue, where it bothers nobody.
 */
export class EndpointWorker {
  readonly #stop = new AbortController();
  readonly #lanes: SlotLanes;
  readonly #place: KeptPlace<Place>;
  /** In the order of the queue. */
  readonly #taken: Taken[] = [];
  #position = '';
  #dead = 0;
  #room = new AbortController();
  #ended: Promise<void> | undefined;

  constructor(
    readonly name: EndpointName,
    private readonly endpoint: Endpoint,
    private readonly deps: EndpointWorkerDeps,
  ) {
    this.#lanes = new SlotLanes(deps.limits.maxSlotsAtOnce);
    this.#place = new KeptPlace(endpointPlaceSubject(name), deps);
  }

  start(): void {
    this.#ended ??= this.#run();
  }

  /** Ends what is under way; what was taken is noted. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#room.abort();
    await this.#ended;
    await this.#place.settled();
  }

  async #run(): Promise<void> {
    const { clock, onTrouble } = this.deps;
    let reading: Reading | undefined;
    const close = (): void => reading?.close();
    this.#stop.signal.addEventListener('abort', close);
    while (!this.#stop.signal.aborted) {
      try {
        reading ??= await this.#begin();
        await this.#read(reading);
      } catch (error) {
        onTrouble(error);
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
    close();
  }

  async #begin(): Promise<Reading> {
    const place = await this.#place.load();
    this.#position = place?.position ?? '';
    this.#dead = place?.dead ?? 0;
    const from = this.#position === '' ? { sinceMs: 0 } : { position: this.#position };
    return this.deps.bus.read(queueSubject(this.name), from);
  }

  async #read(reading: Reading): Promise<void> {
    const room = this.deps.limits.maxMessages - this.#taken.length;
    if (room <= 0) {
      this.#room = new AbortController();
      await sleep(this.deps.clock, WAIT_MS, this.#room.signal);
      return;
    }
    for (const { position, payload } of await reading.next(room, WAIT_MS)) {
      const events = queuedEvents(payload);
      const taken = { position, left: events.length };
      this.#taken.push(taken);
      for (const event of events) {
        this.#lanes.add(`${event.lot} ${event.slot}`, () => this.#deliver(event, taken));
      }
      this.#move();
    }
  }

  async #deliver(event: EventMessage, taken: Taken): Promise<void> {
    const settled = await this.#attempts(event).catch((error: unknown) => {
      this.deps.onTrouble(error);
      return false;
    });
    if (!settled) return;
    taken.left--;
    this.#move();
  }

  /** Whether it was taken or given up; false: the process stops before. */
  async #attempts(event: EventMessage): Promise<boolean> {
    const { clock, random, limits, owns, onAttempt } = this.deps;
    const body = JSON.stringify({
      type: event.kind,
      timestamp: new Date(event.at_ms).toISOString(),
      data: event,
    });
    for (let attempt = 1; !this.#stop.signal.aborted && owns(); attempt++) {
      const outcome = await this.#post(event.id, body);
      if (this.#isStopped()) return outcome.kind === 'taken';
      onAttempt(outcome.kind);
      if (outcome.kind === 'taken') return true;
      if (outcome.kind === 'gone' || attempt >= limits.maxAttempts) {
        return await this.#giveUp(event, attempt, outcome.error);
      }
      await sleep(clock, pauseMs(attempt, limits, random), this.#stop.signal);
    }
    return false;
  }

  #post(id: string, body: string): Promise<PostOutcome> {
    const { clock, resolve, limits } = this.deps;
    const { url } = this.endpoint;
    const nowMs = clock.nowMs();
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Parkade-Webhooks/1',
      ...signedHeaders(secretsAt(this.endpoint, nowMs), id, Math.floor(nowMs / 1_000), body),
    };
    return post(url, headers, body, { clock, resolve, limits }, this.#stop.signal);
  }

  async #giveUp(event: EventMessage, attempts: number, error: string): Promise<boolean> {
    const { bus, clock, onAttempt } = this.deps;
    const letter = { n: this.#dead++, event, at_ms: clock.nowMs(), attempts, error, replayed: false };
    for (;;) {
      try {
        await putDeadLetter(bus, this.name, letter);
        onAttempt('dead');
        return true;
      } catch (failure) {
        if (this.#isStopped()) return false;
        this.deps.onTrouble(failure);
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
  }

  /** Moves the place over what is done with at the head of the queue. */
  #move(): void {
    let moved = false;
    for (let [head] = this.#taken; head?.left === 0; [head] = this.#taken) {
      this.#position = head.position;
      this.#taken.shift();
      moved = true;
    }
    if (!moved) return;
    this.#room.abort();
    if (this.deps.owns()) this.#place.save({ position: this.#position, dead: this.#dead });
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }
}
