import { FleetingMap } from '@parkade/clock';
import { lampFacts } from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';
import { EventQueue } from './event-queue.js';
import { LampLane } from './lamp-lane.js';

/** A slot's record as it was committed. */
export interface Committed {
  readonly slotKey: string;
  readonly record: SlotRecord;
  readonly revision: number;
  /** The traceparent of the request that caused it; undefined or empty: not traced. */
  readonly trace?: string | undefined;
  /** Whether the change found the slot's lamp dark, and told so. Absent: nobody knows. */
  readonly wasDark?: boolean | undefined;
}

/** What the shards share: how much there is of everything. */
export interface QueueCounts {
  /** Events, and slots with lamps, that are queued or under way. */
  pending: number;
  /** Commits kept aside by shards that lag. */
  held: number;
  readonly maxHeld: number;
}

/** Where a shard lags: what it has to read from the store's history before it goes on. */
interface Lag {
  /** Everything up to this revision is published or queued. */
  through: number;
  /** Everything after this revision is in `held`. */
  target: number;
  /** The commits since, as far as there was room. */
  held: Committed[];
}

/**
 * What waits to be published of one shard.
 *
 *   Q1. `publishedRevision` never claims a revision of which an event or lamp is not stored, was dropped or not yet read.
 *   Q2. While it lags nothing new is queued; commits are held, or, where there is no room, are left to the history.
 *   Q3. It ends lagging only when history was queued up to where the held commits begin: nothing between is missing.
 */
export class ShardQueue {
  readonly events = new EventQueue((count) => this.#count(-count));
  readonly lamps: FleetingMap<string, LampLane>;
  pending = 0;
  #lag: Lag | undefined;
  /** The newest revision that was ever queued. */
  #newest = 0;

  constructor(
    readonly shard: number,
    readonly counts: QueueCounts,
    readonly onEvents: (events: EventQueue) => void,
    readonly onLamp: (lane: LampLane) => void,
    /** Of the keys of slots: clients choose their names, so nobody shall know which fall together. */
    hashOf: (slotKey: string) => number,
  ) {
    this.lamps = new FleetingMap(hashOf);
  }

  get publishedRevision(): number | 'all' {
    const lowest = this.#lowest();
    const through = this.#lag?.through ?? Infinity;
    if (lowest === undefined) return this.#lag === undefined ? 'all' : through;
    return Math.min(lowest - 1, through);
  }

  get lagging(): boolean {
    return this.#lag !== undefined;
  }

  /** The first revision to be read from history; undefined: none is missing. */
  get replayFrom(): number | undefined {
    return this.#lag === undefined ? undefined : this.#lag.through + 1;
  }

  /** A commit: queued, or held while the shard lags (Q2). */
  committed(commit: Committed): void {
    if (this.#lag === undefined) this.queue(commit);
    else if (this.counts.held < this.counts.maxHeld) {
      // What is told before it comes from history, which knows nothing of lamps.
      this.#lag.held.push({ ...commit, wasDark: false });
      this.counts.held++;
    } else this.#leaveToHistory(this.#lag, commit.revision);
  }

  /** Queues a commit, lagging or not. */
  queue({ slotKey, record, revision, trace, wasDark = false }: Committed): void {
    this.#newest = Math.max(this.#newest, revision);
    this.events.add({ slotKey, record, revision, trace });
    this.#count(1);
    this.onEvents(this.events);
    const facts = lampFacts(record);
    if (facts === undefined) return;
    const lane = this.lamp(slotKey);
    lane.add({ record, revision, facts }, wasDark);
    this.#countLane(lane);
    this.onLamp(lane);
  }

  /** The lane of a slot's lamp, made where there is none. */
  lamp(slotKey: string): LampLane {
    let lane = this.lamps.get(slotKey);
    if (lane === undefined) {
      this.lamps.set(slotKey, (lane = new LampLane(slotKey, (settled) => this.#countLane(settled))));
    }
    return lane;
  }

  /** Nothing after `through` is known to be published; history up to `target` and what is held from now on make it whole. */
  lag(through: number, target: number): void {
    this.#lag = { through, target, held: [] };
  }

  /** Drops what is queued, as there is no room for it; what is under way ends by itself. */
  fallBehind(): void {
    const lowest = this.#lowest() ?? this.#newest + 1;
    this.lag(lowest - 1, this.#newest);
    this.events.drop();
    for (const lane of this.lamps.values()) lane.drop(true);
  }

  /** History up to `through` was queued. Says whether the shard goes on by itself (Q3). */
  replayed(through: number): boolean {
    const lag = this.#lag;
    if (lag === undefined) return true;
    lag.through = Math.max(lag.through, through);
    if (lag.through < lag.target) return false;
    this.#lag = undefined;
    this.counts.held -= lag.held.length;
    const fresh = lag.held.filter((commit) => commit.revision > lag.through);
    for (const commit of fresh.sort((a, b) => a.revision - b.revision)) this.queue(commit);
    return true;
  }

  /** Ends it: nothing more of it is sent. */
  forget(): void {
    this.counts.held -= this.#lag?.held.length ?? 0;
    this.#lag = undefined;
    this.events.forget();
    for (const lane of this.lamps.values()) lane.drop(false);
  }

  /** The lowest revision that is not wholly published; undefined: none. Looks at every slot with a lamp that waits. */
  #lowest(): number | undefined {
    let lowest = this.events.lowest ?? Infinity;
    for (const lane of this.lamps.values()) lowest = Math.min(lowest, lane.lowest);
    return lowest === Infinity ? undefined : lowest;
  }

  #count(more: number): void {
    this.pending += more;
    this.counts.pending += more;
  }

  /** A lane counts while it has something to tell, or is telling it; one that has nothing more is forgotten. */
  #countLane(lane: LampLane): void {
    const counts = !lane.dead && lane.lowest < Infinity;
    if (counts !== lane.counted) this.#count(counts ? 1 : -1);
    lane.counted = counts;
    const over = lane.dead || (lane.empty && lane.state === 'idle');
    if (over && this.lamps.get(lane.slotKey) === lane) this.lamps.delete(lane.slotKey);
  }

  #leaveToHistory(lag: Lag, revision: number): void {
    lag.target = Math.max(lag.target, revision);
    // What was held before is older, and comes from history as well.
    const kept = lag.held.filter((commit) => commit.revision > lag.target);
    this.counts.held -= lag.held.length - kept.length;
    lag.held = kept;
  }
}
