import { type Bus, type Reading } from '@parkade/bus';
import { type Clock, sleep } from '@parkade/clock';
import { ALL_EVENTS, type EventMessage, FAILED, parseEvents } from '@parkade/presence';

/** Messages of the event stream read at once. */
const READ_AT_ONCE = 64;
const WAIT_MS = 5_000;
const RETRY_MS = 500;

/** One message of the event stream. */
export interface EventBatch {
  readonly position: string;
  readonly sequence: number;
  readonly events: readonly EventMessage[];
}

/** Who takes events from a place of their own on. */
export interface EventSink {
  /** After which message; undefined: from the beginning. */
  readonly position: string | undefined;
  /** Resolves when what the batches say is recorded; rejects where it is not, and then gets them again. */
  take(batches: readonly EventBatch[]): Promise<void>;
}

/**
 * The one reading of the event stream in a process, for all partitions it owns.
 *
 *   T1. Each sink gets every message after its place, in order, at least once: one that comes with an older place has the reading
 *       begin there anew, and the others leave out what they have.
 *   T2. A batch is read when all sinks have taken the one before: what is not taken waits in the stream.
 */
export class EventTap {
  readonly #sinks = new Map<EventSink, number>();
  readonly #stop = new AbortController();
  #reading: Reading | undefined;
  #wake = new AbortController();

  constructor(
    private readonly deps: {
      readonly bus: Bus;
      readonly clock: Clock;
      readonly onTrouble: (error: unknown) => void;
    },
  ) {}

  /** Begins to read; resolves when closed. */
  async run(): Promise<void> {
    const { clock } = this.deps;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#sinks.size > 0) await this.#round();
        else await this.#pause(WAIT_MS);
      } catch (error) {
        this.deps.onTrouble(error);
        this.#again();
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
    this.#again();
  }

  add(sink: EventSink): void {
    this.#sinks.set(sink, 0);
    this.#again();
    this.#wake.abort();
  }

  remove(sink: EventSink): void {
    this.#sinks.delete(sink);
  }

  close(): void {
    this.#stop.abort();
    this.#wake.abort();
    this.#reading?.close();
  }

  async #round(): Promise<void> {
    const reading = this.#attached();
    const messages = await reading.next(READ_AT_ONCE, WAIT_MS);
    if (messages.length === 0 || this.#reading !== reading) return;
    const batches = messages.map(({ payload, position, sequence }) => {
      const events = parseEvents(payload).filter((event) => event.kind !== FAILED);
      return { position, sequence, events };
    });
    await Promise.all(
      [...this.#sinks.keys()].map(async (sink) => {
        const after = sequenceAfter(sink.position, batches[0]?.position);
        const wanted = batches.filter(({ sequence }) => sequence > after);
        if (wanted.length > 0 && this.#sinks.has(sink)) await sink.take(wanted);
      }),
    );
  }

  #attached(): Reading {
    if (this.#reading !== undefined) return this.#reading;
    const positions = [...this.#sinks.keys()].map(({ position }) => position);
    const streams = new Set(positions.map((position) => streamOf(position)));
    // Places of different streams cannot be compared: then all is read again.
    const comparable = streams.size === 1 && !streams.has(undefined);
    const first = comparable ? positions.reduce((a, b) => (sequenceOf(a) <= sequenceOf(b) ? a : b)) : undefined;
    this.#reading = this.deps.bus.read(ALL_EVENTS, first === undefined ? { sinceMs: 0 } : { position: first });
    return this.#reading;
  }

  /** The next round opens a new reading. */
  #again(): void {
    this.#reading?.close();
    this.#reading = undefined;
  }

  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController();
    await sleep(this.deps.clock, ms, this.#wake.signal);
  }
}

/** Up to which sequence of the stream at `now` somebody has heard who stands at `position`. */
function sequenceAfter(position: string | undefined, now: string | undefined): number {
  return streamOf(position) === streamOf(now) ? sequenceOf(position) : 0;
}

function sequenceOf(position: string | undefined): number {
  return Number(position?.split('@', 1)[0] ?? 0);
}

function streamOf(position: string | undefined): string | undefined {
  return position?.slice(position.indexOf('@') + 1);
}
