import type { Clock } from '@parkade/clock';
import type { ShardDirectory } from '../ports.js';

/** Those who wait for a shard's owner to change: one subscription for all of them. */
export class OwnerChanges {
  readonly #waiting = new Map<number, Set<() => void>>();
  readonly #end: () => void;

  constructor(
    directory: ShardDirectory,
    private readonly clock: Clock,
  ) {
    this.#end = directory.onChange((shard) => this.#wake(shard));
  }

  /** Resolves when the owner of `shard` changes, after `maxMs` at the latest. */
  wait(shard: number, maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        waiting.delete(done);
        if (waiting.size === 0) this.#waiting.delete(shard);
        resolve();
      };
      const timer = this.clock.setTimer(maxMs, done);
      const waiting = this.#waiting.get(shard) ?? new Set();
      this.#waiting.set(shard, waiting.add(done));
    });
  }

  /** Everybody goes on at once. */
  close(): void {
    this.#end();
    for (const shard of [...this.#waiting.keys()]) this.#wake(shard);
  }

  #wake(shard: number): void {
    for (const done of [...(this.#waiting.get(shard) ?? [])]) done();
  }
}
