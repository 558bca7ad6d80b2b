import type { Random } from '@parkade/clock';

/** How long a message takes, at least and at most, where nothing is wrong. */
const MIN_MS = 0.1;
const MAX_MS = 1;

interface Condition {
  blocked: boolean;
  delayMs: number;
  loseReplies: number;
}

/**
 * What lies between any two hosts: nothing but a short way, unless a fault was put there.
 *
 *   L1. Blocked, nothing passes in either direction; what was sent waits, as TCP's retransmissions do, for as long as the connection
 *       lives.
 *   L2. Conditions are of a pair, whoever of the two asked.
 */
export class Links {
  readonly #conditions = new Map<string, Condition>();
  readonly #healed = new Set<() => void>();

  constructor(private readonly random: Random) {}

  /** How long a message takes from one to the other. */
  delayMs(a: string, b: string): number {
    return MIN_MS + this.random.next() * (MAX_MS - MIN_MS) + (this.#conditions.get(pair(a, b))?.delayMs ?? 0);
  }

  blocked(a: string, b: string): boolean {
    return this.#conditions.get(pair(a, b))?.blocked === true;
  }

  block(a: string, b: string): void {
    this.#at(a, b).blocked = true;
  }

  slow(a: string, b: string, delayMs: number): void {
    this.#at(a, b).delayMs = delayMs;
  }

  /** The next answers on the way between the two are lost, each with its connection. */
  loseReplies(a: string, b: string, count: number): void {
    this.#at(a, b).loseReplies = count;
  }

  /** Whether the answer that is on its way now is lost. */
  losesReply(a: string, b: string): boolean {
    const condition = this.#conditions.get(pair(a, b));
    if (condition === undefined || condition.loseReplies === 0) return false;
    condition.loseReplies--;
    return true;
  }

  /** Nothing is wrong between the two any more. */
  heal(a: string, b: string): void {
    this.#conditions.delete(pair(a, b));
    this.#tellHealed();
  }

  healAll(): void {
    this.#conditions.clear();
    this.#tellHealed();
  }

  /** Told whenever something was healed; returns what ends it. */
  onHealed(listener: () => void): () => void {
    this.#healed.add(listener);
    return () => void this.#healed.delete(listener);
  }

  #tellHealed(): void {
    for (const listener of [...this.#healed]) listener();
  }

  #at(a: string, b: string): Condition {
    const key = pair(a, b);
    const known = this.#conditions.get(key);
    if (known !== undefined) return known;
    const condition = { blocked: false, delayMs: 0, loseReplies: 0 };
    this.#conditions.set(key, condition);
    return condition;
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
