import { lampFacts } from '@parkade/presence';
import type { LampLane, Ticket } from './lamp-lane.js';
import type { Committed, ShardQueue } from './shard-queue.js';

/** A slot's record with the shard it is in. */
export interface ShardCommitted extends Committed {
  readonly shard: number;
}

/**
 * Lamps to be published anew, taken from their source only as fast as they leave, so that a million slots need no queue.
 */
export class Republish {
  readonly #records: Iterator<ShardCommitted>;
  readonly #forgotten = new Set<number>();
  readonly #ticket: Ticket = { done: () => this.#done() };
  #left = 1;

  constructor(
    records: Iterable<ShardCommitted>,
    readonly onFinished: () => void,
  ) {
    this.#records = records[Symbol.iterator]();
  }

  /** What of this shard is still to come is left out. */
  forget(shard: number): void {
    this.#forgotten.add(shard);
  }

  /** Queues the next lamp. False: there are no more to queue. */
  next(queueOf: (shard: number) => ShardQueue, onReady: (lane: LampLane) => void): boolean {
    for (let next = this.#records.next(); next.done !== true; next = this.#records.next()) {
      const { shard, slotKey, record, revision } = next.value;
      const facts = this.#forgotten.has(shard) ? undefined : lampFacts(record);
      if (facts === undefined) continue;
      const lane = queueOf(shard).lamp(slotKey);
      this.#left++;
      lane.addAgain({ record, revision, facts }, this.#ticket);
      onReady(lane);
      return true;
    }
    this.#done();
    return false;
  }

  #done(): void {
    if (--this.#left === 0) this.onFinished();
  }
}
