import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import type { FollowShardRequest, FollowShardResponse, FollowedRecord, SlotRecord } from '@parkade/proto';
import { Malformed } from '@parkade/rpc';
import type { Shard } from '../shard/shard.js';
import type { SlotTable } from '../shard/slot-table.js';
import { notServed } from './exchange.js';

/** Records a message at most. */
const MAX_RECORDS = 500;

type Stream = ServerWritableStream<FollowShardRequest, FollowShardResponse>;

/**
 * One who follows a shard.
 *
 *   W1. Records of a slot are sent in the order of their revisions, each once; of changes that wait only the latest is kept, and what a
 *       follower lacks when it comes is read as it leaves: a slow follower costs at most one record for each slot that changes.
 *   W2. `synced` with revision R is sent only after everything at or below R.
 */
class Follower {
  readonly #waiting = new Map<string, FollowedRecord>();
  /** What the follower lacked when it came, read from the table as it leaves; undefined: all has left. */
  #lacking: Iterator<FollowedRecord> | undefined;
  #reset: boolean;
  #announced = false;
  #scheduled = false;
  #full = false;
  #ended = false;

  constructor(
    readonly shard: Shard,
    private readonly stream: Stream,
    private readonly clock: Clock,
    afterRevision: number,
  ) {
    this.#reset = afterRevision === 0 || afterRevision < shard.live.gcRevision || afterRevision > shard.live.revision;
    const { live, knownRevision } = shard;
    // A snapshot leaves out what was freed, but not what it does not claim to be complete up to.
    const [after, freedAfter] = this.#reset ? [0, knownRevision] : [afterRevision, 0];
    this.#lacking = this.#lackingRecords(live.table, after, freedAfter);
    this.#schedule();
  }

  *#lackingRecords(table: SlotTable, after: number, freedAfter: number): IterableIterator<FollowedRecord> {
    for (const slot of table.all(after)) {
      if (slot.freedAtMs > 0 && slot.revision <= freedAfter) continue;
      // One that has changed meanwhile waits to be sent as it is now.
      if (this.#waiting.size === 0 || !this.#waiting.has(slot.key))
        yield { record: slot.record, revision: slot.revision };
    }
  }

  push(key: string, record: SlotRecord, revision: number): void {
    // Set anew, so that it goes to the end: later changes leave later.
    this.#waiting.delete(key);
    this.#waiting.set(key, { record, revision });
    this.#schedule();
  }

  end(): void {
    this.#ended = true;
    this.#waiting.clear();
    this.stream.emit('error', Object.assign(new Error('lost'), notServed(this.shard.number).toServiceError()));
  }

  #schedule(): void {
    if (this.#scheduled || this.#full) return;
    this.#scheduled = true;
    this.clock.defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** One message; what is left follows when others had their turn. */
  #flush(): void {
    if (this.#ended || this.stream.destroyed) return;
    if (this.#lacking === undefined && this.#waiting.size === 0 && this.#announced) return;
    const records = this.#nextRecords();
    const synced = this.#lacking === undefined && this.#waiting.size === 0;
    const { epoch, knownRevision, live } = this.shard;
    // Of two commits the later may be answered first.
    const revision = Math.min(live.revision, knownRevision);
    const more = this.stream.write({ reset: this.#reset, records, synced, revision: synced ? revision : 0, epoch });
    this.#reset = false;
    this.#announced = true;
    if (more) {
      if (!synced) this.#schedule();
      return;
    }
    this.#full = true;
    this.stream.once('drain', () => {
      this.#full = false;
      this.#schedule();
    });
  }

  #nextRecords(): FollowedRecord[] {
    const records: FollowedRecord[] = [];
    while (this.#lacking !== undefined && records.length < MAX_RECORDS) {
      const next = this.#lacking.next();
      if (next.done === true) this.#lacking = undefined;
      else records.push(next.value);
    }
    for (const [key, followed] of this.#waiting) {
      if (records.length >= MAX_RECORDS) break;
      records.push(followed);
      this.#waiting.delete(key);
    }
    return records;
  }
}

/** All who follow shards of this process. */
export class Followers {
  readonly #byShard = new Map<number, Set<Follower>>();

  constructor(private readonly clock: Clock) {}

  /** The handler of `FollowShard`. */
  handler(
    shardOf: (shard: number) => Shard | undefined,
  ): handleServerStreamingCall<FollowShardRequest, FollowShardResponse> {
    return (call) => {
      const request: FollowShardRequest | Malformed = call.request;
      if ((request as unknown) instanceof Malformed) {
        call.emit(
          'error',
          Object.assign(new Error('malformed'), (request as unknown as Malformed).refused().toServiceError()),
        );
        return;
      }
      const shard = shardOf(request.shard);
      if (shard?.serving !== true) {
        call.emit('error', Object.assign(new Error('not served'), notServed(request.shard).toServiceError()));
        return;
      }
      const follower = new Follower(shard, call, this.clock, request.afterRevision);
      const all = this.#byShard.get(shard.number) ?? new Set();
      this.#byShard.set(shard.number, all.add(follower));
      const gone = (): void => void all.delete(follower);
      call.on('cancelled', gone);
      call.on('error', gone);
      call.on('close', gone);
    };
  }

  /** A record became durable. */
  changed(shard: number, key: string, record: SlotRecord, revision: number): void {
    for (const follower of this.#byShard.get(shard) ?? []) follower.push(key, record, revision);
  }

  /** The shard is not served here any more. */
  lost(shard: number): void {
    for (const follower of this.#byShard.get(shard) ?? []) follower.end();
    this.#byShard.delete(shard);
  }
}
