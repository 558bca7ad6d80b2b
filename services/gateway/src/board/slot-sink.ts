import type { BoardSlot } from '@parkade/board';
import type { Clock } from '@parkade/clock';
import { WatchSlotsResponse } from '@parkade/proto';
import type { Refused } from '@parkade/rpc';
import type { WatchSink } from '../watch/watcher.js';
import { boardSlot } from './board-slot.js';
import type { EventWriter } from './event-writer.js';

/** Slots in one event. */
const MAX_BATCH = 200;

/**
 * Turns a watch into events of the board.
 *
 *   K1. The slots of one turn of the event loop go as one event, at most `MAX_BATCH` of them, so that a page draws once.
 *   K2. An event's id is the token of the last message in it: everything up to that token stands in it or before it.
 */
export class SlotSink implements WatchSink {
  #slots: BoardSlot[] = [];
  #token = '';

  constructor(
    private readonly events: EventWriter,
    private readonly clock: Clock,
    private readonly onEnd: (refused: Refused) => void,
  ) {}

  write(message: Uint8Array): boolean {
    const { event, resumeToken } = WatchSlotsResponse.decode(message);
    if (event?.$case === 'slot') this.#put(boardSlot(event.value), resumeToken);
    else {
      this.#flush();
      if (event?.$case === 'reset') this.events.write('reset', { cause: event.value.cause });
      if (event?.$case === 'synced') this.events.write('synced', { nowMs: this.clock.nowMs() }, resumeToken);
    }
    return !this.events.full;
  }

  drained(listener: () => void): void {
    this.events.drained(listener);
  }

  end(refused: Refused): void {
    this.#flush();
    this.onEnd(refused);
  }

  #put(slot: BoardSlot, token: string): void {
    if (this.#slots.length === 0) this.clock.defer(() => this.#flush());
    this.#slots.push(slot);
    this.#token = token;
    if (this.#slots.length >= MAX_BATCH) this.#flush();
  }

  #flush(): void {
    if (this.#slots.length === 0) return;
    this.events.write('slots', this.#slots, this.#token);
    this.#slots = [];
  }
}
