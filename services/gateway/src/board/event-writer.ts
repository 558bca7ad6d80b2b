import type { BoardEvents } from '@parkade/board';
import type { Clock, Timer } from '@parkade/clock';

/** What events are written to: a response of `node:http`. */
export interface EventSocket {
  write(text: string): boolean;
  end(): void;
  once(event: 'drain', listener: () => void): unknown;
}

/** A quiet stream says something this often: who hears nothing for much longer knows that it is cut off. */
const HEARTBEAT_MS = 15_000;

/**
 * Writes Server-Sent Events.
 *
 *   E1. Nothing is written after `end`.
 *   E2. `full` from a write that filled the socket until it is drained.
 */
export class EventWriter {
  #heartbeat: Timer | undefined;
  #ended = false;
  #full = false;

  constructor(
    private readonly socket: EventSocket,
    private readonly clock: Clock,
  ) {
    this.#beat();
  }

  get full(): boolean {
    return this.#full;
  }

  /** `id`: the token to go on from behind this event; empty: none. */
  write<Name extends keyof BoardEvents>(name: Name, data: BoardEvents[Name], id = ''): void {
    this.#write(`event: ${name}\n${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  /** Calls `listener` when the socket takes more. */
  drained(listener: () => void): void {
    this.socket.once('drain', listener);
  }

  /** Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#heartbeat?.cancel();
    this.socket.end();
  }

  #write(text: string): void {
    if (this.#ended || this.socket.write(text) || this.#full) return;
    this.#full = true;
    this.socket.once('drain', () => (this.#full = false));
  }

  #beat(): void {
    this.#heartbeat = this.clock.setTimer(HEARTBEAT_MS, () => {
      this.#write(': \n\n');
      this.#beat();
    });
  }
}
