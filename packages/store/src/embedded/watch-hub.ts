import type { Clock } from '@parkade/clock';
import { checkFromRevision, checkRange } from '../check-call.js';
import { orderKey } from '../order-key.js';
import { runHandler } from '../run-handler.js';
import { StoreError, type KeyRange, type Watch, type WatchEvent, type WatchHandlers } from '../store.js';
import { eventOf, type History } from './history.js';

/** The most revisions read from history for one watcher before others get their turn. */
const MAX_REVISIONS_A_TURN = 5_000;

export const MAX_WATCHES = 50_000;

interface Watcher {
  readonly start: string;
  readonly end: string;
  readonly handlers: WatchHandlers;
  /** The next revision to deliver. */
  next: number;
  announced: boolean;
}

/**
 * Delivers history to watchers.
 *
 *   W1. A watcher gets every revision from its start on once, in order and whole, up to the visible revision; a revision
 *       becomes visible when it is durable.
 *   W2. Handlers run on turns of their own: never inside a call of the store, and after the answer of the transaction
 *       that made the change could be seen.
 *   W3. A watcher whose next revision was compacted hears so and is dropped; it never skips (S4).
 */
export class WatchHub {
  readonly #watchers = new Set<Watcher>();
  /** Revisions before this one were offered to every watcher in `#watchers` that had caught up. */
  #offered: number;
  #visible: number;
  #scheduled = false;

  constructor(
    private readonly clock: Clock,
    private readonly history: History,
  ) {
    this.#visible = history.compactedRevision;
    this.#offered = this.#visible + 1;
  }

  /** Every revision up to this one may be shown. */
  advance(revision: number): void {
    this.#visible = Math.max(this.#visible, revision);
    this.#schedule();
  }

  /** Throws `StoreError` 'invalid' (revision below 1) or 'no-space' (too many watches). */
  watch(range: KeyRange, fromRevision: number, handlers: WatchHandlers): Watch {
    checkRange(range);
    checkFromRevision(fromRevision);
    if (this.#watchers.size >= MAX_WATCHES) throw new StoreError('no-space', `more than ${MAX_WATCHES} watches`);
    const start = orderKey(range.start);
    const end = range.end === undefined ? `${start}\0` : orderKey(range.end);
    // Revision 1 is the empty store, so from 1 on and from 2 on are the same.
    const watcher: Watcher = { start, end, handlers, next: Math.max(2, fromRevision), announced: false };
    // What nobody waited for was offered to nobody: a watcher from the past reads it in parts.
    if (this.#watchers.size === 0) this.#offered = this.#visible + 1;
    this.#watchers.add(watcher);
    this.#schedule();
    return { close: () => void this.#watchers.delete(watcher) };
  }

  /** Drops every watcher without a word. */
  close(): void {
    this.#watchers.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#watchers.size === 0) return;
    this.#scheduled = true;
    // First the microtask queue, where the answer travels, then a turn of its own (W2).
    queueMicrotask(() => this.clock.defer(() => this.#deliver()));
  }

  #deliver(): void {
    this.#scheduled = false;
    const visible = this.#visible;
    const batches = this.#gather(visible);
    const offeredFrom = this.#offered;
    this.#offered = visible + 1;
    let behind = false;
    for (const watcher of [...this.#watchers]) {
      this.#announce(watcher);
      if (watcher.next <= this.history.compactedRevision) {
        this.#watchers.delete(watcher);
        runHandler(() => watcher.handlers.compacted(this.history.compactedRevision));
      } else if (watcher.next >= offeredFrom) {
        const batch = batches.get(watcher) ?? [];
        watcher.next = Math.max(watcher.next, visible + 1);
        this.#emit(watcher, batch);
      } else if (this.#catchUp(watcher, visible)) {
        behind = true;
      }
    }
    if (behind) this.#schedule();
  }

  /** The events since the last delivery, for the watchers that had caught up with it. */
  #gather(visible: number): Map<Watcher, WatchEvent[]> {
    const batches = new Map<Watcher, WatchEvent[]>();
    const current = [...this.#watchers].filter((watcher) => watcher.next >= this.#offered);
    for (let revision = this.#offered; revision <= visible; revision++) {
      for (const version of this.history.at(revision) ?? []) {
        let event: WatchEvent | undefined;
        for (const watcher of current) {
          if (version.order < watcher.start || version.order >= watcher.end || revision < watcher.next) continue;
          event ??= eventOf(version);
          const batch = batches.get(watcher);
          if (batch === undefined) batches.set(watcher, [event]);
          else batch.push(event);
        }
      }
    }
    return batches;
  }

  /** Reads a bounded part of history for one watcher; returns whether more of it is left. */
  #catchUp(watcher: Watcher, visible: number): boolean {
    const last = Math.min(visible, watcher.next + MAX_REVISIONS_A_TURN - 1);
    const events: WatchEvent[] = [];
    for (let revision = watcher.next; revision <= last; revision++) {
      for (const version of this.history.at(revision) ?? []) {
        if (version.order >= watcher.start && version.order < watcher.end) events.push(eventOf(version));
      }
    }
    watcher.next = last + 1;
    this.#emit(watcher, events);
    return last < visible;
  }

  #emit(watcher: Watcher, events: readonly WatchEvent[]): void {
    const last = events.at(-1);
    if (last === undefined || !this.#watchers.has(watcher)) return;
    const revision = last.kind === 'put' ? last.kv.modRevision : last.modRevision;
    runHandler(() => watcher.handlers.events(events, revision));
  }

  #announce(watcher: Watcher): void {
    if (watcher.announced) return;
    watcher.announced = true;
    runHandler(() => watcher.handlers.connected?.(true));
  }
}
