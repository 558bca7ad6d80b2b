import type { KeyValue, WatchEvent } from '../store.js';

/** One version of one key. */
export interface Version {
  readonly order: string;
  readonly key: string;
  readonly modRevision: number;
  /** Undefined: this version is the key's deletion. */
  readonly kv: KeyValue | undefined;
  /** The version before, while history still keeps it. */
  older: Version | undefined;
}

/** How much history is kept; past either bound the oldest revisions are compacted. */
export interface HistoryLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

export const DEFAULT_HISTORY_LIMITS: HistoryLimits = { maxEvents: 200_000, maxBytes: 128 * 1024 * 1024 };

/** Each event is counted with this many bytes besides its key and value. */
const EVENT_OVERHEAD_BYTES = 200;

/**
 * The changes of each revision since the last compaction, oldest first.
 *
 *   H1. It holds every revision after `compactedRevision`, without gaps, up to the store's revision.
 *   H2. A revision past the limits is dropped whole; `drop` hears of each of its versions.
 */
export class History {
  #revisions: (readonly Version[])[] = [];
  /** Entries before this index are dropped already; the array is cut when they are half of it. */
  #head = 0;
  #events = 0;
  #bytes = 0;
  #compactedRevision: number;

  constructor(
    compactedRevision: number,
    private readonly limits: HistoryLimits,
    private readonly drop: (version: Version) => void,
  ) {
    this.#compactedRevision = compactedRevision;
  }

  /** Everything up to this revision is gone. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  /** Appends the changes of the revision that follows the last one. */
  append(versions: readonly Version[]): void {
    this.#revisions.push(versions);
    this.#events += versions.length;
    for (const version of versions) this.#bytes += sizeOf(version);
    while (this.#events > this.limits.maxEvents || this.#bytes > this.limits.maxBytes) this.#dropOldest();
  }

  /** The changes of `revision`; undefined when it is gone or has not happened. */
  at(revision: number): readonly Version[] | undefined {
    return this.#revisions[this.#head + revision - this.#compactedRevision - 1];
  }

  /** Drops every revision up to `revision`. */
  compact(revision: number): void {
    while (this.#compactedRevision < revision && this.#head < this.#revisions.length) this.#dropOldest();
  }

  #dropOldest(): void {
    const versions = this.#revisions[this.#head];
    if (versions === undefined) return;
    this.#revisions[this.#head] = [];
    this.#head++;
    this.#compactedRevision++;
    this.#events -= versions.length;
    for (const version of versions) {
      this.#bytes -= sizeOf(version);
      this.drop(version);
    }
    if (this.#head > 1_024 && this.#head * 2 > this.#revisions.length) {
      this.#revisions = this.#revisions.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** The version as a watcher sees it. */
export function eventOf(version: Version): WatchEvent {
  return version.kv === undefined
    ? { kind: 'delete', key: version.key, modRevision: version.modRevision }
    : { kind: 'put', kv: version.kv };
}

function sizeOf(version: Version): number {
  return EVENT_OVERHEAD_BYTES + version.key.length + (version.kv?.value.length ?? 0);
}
