import { SeededRandom, type Timer } from '@parkade/clock';
import type { Host } from './host.js';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly host: Host | undefined;
  fn: (() => void) | undefined;
}

/** Below this many, cancelled entries are left where they are. */
const MIN_SWEEP = 1_024;

/**
 * Simulated time: one queue of all that is to happen anywhere.
 *
 *   Q1. One entry runs at a time, in order of its time, ties in the order they were set. Between two entries every promise
 *       chain has come to rest (each entry has a turn of the event loop of its own).
 *   Q2. What a dead host would do is not done; what a frozen host would do waits, in its order, until it goes on.
 *   Q3. The same seed gives the same entries in the same order: `hash` covers them all.
 */
export class Scheduler {
  readonly random: SeededRandom;
  #nowMs = 0;
  #order = 0;
  #hash = 0x811c9dc5;
  #heap: Entry[] = [];
  #cancelled = 0;
  #ran = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** Simulated ms since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** What has run so far, as eight hexadecimal digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** How many entries have run. */
  get ran(): number {
    return this.#ran;
  }

  /** Runs `fn` at `host` (undefined: outside of every host) `delayMs` from now. */
  after(delayMs: number, host: Host | undefined, fn: () => void): Timer {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, host, fn };
    this.#push(entry);
    return {
      cancel: () => {
        if (entry.fn === undefined) return;
        entry.fn = undefined;
        this.#cancelled++;
        if (this.#cancelled > MIN_SWEEP && this.#cancelled > this.#heap.length / 2) this.#sweep();
      },
    };
  }

  /** Resolves `ms` later. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, undefined, resolve));
  }

  /** Folds a word into the hash: what was decided or told, beside what ran. */
  note(word: string): void {
    for (let i = 0; i < word.length; i++) this.#fold(word.charCodeAt(i));
  }

  /** Runs until `work` is settled. Rejects as it does, or when nothing is left to happen, or past `limitMs` of simulated time. */
  async run<T>(work: Promise<T>, limitMs = Infinity): Promise<T> {
    let settled = false;
    const over = (): void => void (settled = true);
    work.then(over, over);
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        if (settled) return resolve();
        const entry = this.#pop();
        if (entry === undefined) return reject(new Error('nothing is left to happen'));
        if (entry.atMs > limitMs) return reject(new Error(`not done after ${limitMs} simulated ms`));
        // Before the entry runs: one that throws is a finding, and not the end of the world.
        setImmediate(turn);
        this.#do(entry);
      };
      setImmediate(turn);
    });
    return work;
  }

  #do(entry: Entry): void {
    const { fn, host } = entry;
    if (fn === undefined) return;
    if (host?.state === 'dead') return;
    this.#nowMs = Math.max(this.#nowMs, entry.atMs);
    if (host?.state === 'frozen') {
      host.backlog.push(fn);
      return;
    }
    this.#ran++;
    this.#fold(entry.order);
    this.#fold(Math.round(entry.atMs * 1_000));
    entry.fn = undefined;
    fn();
  }

  #fold(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value & 0xffffffff), 0x01000193);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  /** The next that was not cancelled. */
  #pop(): Entry | undefined {
    for (;;) {
      const entry = this.#take();
      if (entry === undefined || entry.fn !== undefined) return entry;
      this.#cancelled--;
    }
  }

  #take(): Entry | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    this.#sink(last, 0);
    return top;
  }

  #sink(entry: Entry, from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const down = right !== undefined && before(right, left) ? 2 * at + 2 : 2 * at + 1;
      const child = heap[down];
      if (child === undefined || !before(child, entry)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = entry;
  }

  #sweep(): void {
    const kept = this.#heap.filter(({ fn }) => fn !== undefined);
    this.#cancelled = 0;
    this.#heap = [];
    for (const entry of kept) this.#push(entry);
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
