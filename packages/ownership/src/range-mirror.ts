import type { Clock, Random, Timer } from '@parkade/clock';
import type { KeyRange, KeyValue, Store, Watch, WatchEvent } from '@parkade/store';
import { backOffMs } from './back-off.js';
import { callAll, type Report } from './report.js';

export interface RangeMirrorDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly report?: Report | undefined;
}

/** A key that changed; `before` or `after` undefined where it did not or does not exist. */
export interface MirrorChange {
  readonly key: string;
  readonly before: KeyValue | undefined;
  readonly after: KeyValue | undefined;
  /** The revision of the change; of the list, where a list showed that the key is gone. */
  readonly revision: number;
  /** It was found by listing: when and how it happened is not known. */
  readonly listed: boolean;
}

/** Keys beyond these are not mirrored (and reported). */
const MAX_KEYS = 20_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;
const LIST_TIMEOUT_MS = 5_000;

interface Entry {
  /** Undefined: deleted; kept until the watch has passed the deletion. */
  readonly kv: KeyValue | undefined;
  readonly revision: number;
}

/**
 * A range of the store, kept in memory by list and watch.
 *
 *   R1. For each key the state shown never goes back to an older revision, whether news came by list, watch or `observe`.
 *   R2. Every change is told once, in order of revision for each key, after the state shows it.
 *   R3. A compaction under the watch is answered by a new list; what changed meanwhile is told as `listed`.
 */
export class RangeMirror {
  readonly #entries = new Map<string, Entry>();
  readonly #deleted = new Set<string>();
  readonly #listeners = new Set<(changes: readonly MirrorChange[]) => void>();
  #revision = 0;
  #size = 0;
  #watch: Watch | undefined;
  #retry: Timer | undefined;
  #attempt = 0;
  #closed = false;
  #started: PromiseWithResolvers | undefined;

  constructor(
    private readonly range: KeyRange,
    private readonly deps: RangeMirrorDeps,
  ) {}

  /** Lists and watches. Resolves after the first list (retried until it succeeds) or `close`. */
  start(): Promise<void> {
    if (this.#started === undefined) {
      this.#started = withResolvers();
      void this.#list();
    }
    return this.#started.promise;
  }

  /** Whether the range was listed at least once. */
  get ready(): boolean {
    return this.#revision > 0;
  }

  /** Every change up to this revision has been told; the store may be further. 0 before the first list. */
  get revision(): number {
    return this.#revision;
  }

  get(key: string): KeyValue | undefined {
    return this.#entries.get(key)?.kv;
  }

  /** The keys that exist. */
  *values(): IterableIterator<KeyValue> {
    for (const { kv } of this.#entries.values()) if (kv !== undefined) yield kv;
  }

  /** Calls `listener` with changes, never for what was there before. Returns what ends that. */
  onChange(listener: (changes: readonly MirrorChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** News from elsewhere, such as an own transaction: at `revision` the key was this. */
  observe(key: string, kv: KeyValue | undefined, revision: number): void {
    const change = this.#apply(key, kv, revision, false);
    if (change !== undefined) this.#tell([change]);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#watch?.close();
    this.#retry?.cancel();
    this.#started?.resolve();
  }

  async #list(): Promise<void> {
    try {
      const { kvs, revision, more } = await this.deps.store.range(this.range, {
        limit: MAX_KEYS,
        timeoutMs: LIST_TIMEOUT_MS,
      });
      if (this.#closed) return;
      if (more) this.deps.report?.('mirror-full', new Error(`more than ${MAX_KEYS} keys at ${this.range.start}`));
      this.#attempt = 0;
      this.#tell(this.#applyList(kvs, revision));
      this.#started?.resolve();
      this.#follow(revision + 1);
    } catch (error: unknown) {
      this.deps.report?.('mirror-list', error);
      this.#listLater();
    }
  }

  #listLater(): void {
    if (this.#closed) return;
    const delayMs = backOffMs(this.#attempt++, RETRY_MIN_MS, RETRY_MAX_MS, this.deps.random);
    this.#retry = this.deps.clock.setTimer(delayMs, () => void this.#list());
  }

  #follow(fromRevision: number): void {
    // A listener may have closed it.
    if (this.#closed) return;
    this.#watch = this.deps.store.watch(this.range, fromRevision, {
      events: (events, revision) => this.#events(events, revision),
      compacted: () => this.#listLater(),
    });
  }

  #events(events: readonly WatchEvent[], revision: number): void {
    if (this.#closed) return;
    const changes: MirrorChange[] = [];
    for (const event of events) {
      const [key, kv, at] =
        event.kind === 'put'
          ? [event.kv.key, event.kv, event.kv.modRevision]
          : [event.key, undefined, event.modRevision];
      const change = this.#apply(key, kv, at, false);
      if (change !== undefined) changes.push(change);
    }
    this.#passed(revision);
    this.#tell(changes);
  }

  #applyList(kvs: readonly KeyValue[], revision: number): readonly MirrorChange[] {
    const changes: MirrorChange[] = [];
    const present = new Set(kvs.map((kv) => kv.key));
    for (const key of [...this.#entries.keys()]) {
      const change = present.has(key) ? undefined : this.#apply(key, undefined, revision, true);
      if (change !== undefined) changes.push(change);
    }
    for (const kv of kvs) {
      const change = this.#apply(kv.key, kv, kv.modRevision, true);
      if (change !== undefined) changes.push(change);
    }
    this.#passed(revision);
    return changes;
  }

  #apply(key: string, kv: KeyValue | undefined, revision: number, listed: boolean): MirrorChange | undefined {
    const known = this.#entries.get(key);
    // R1: a key without an entry did not exist at the revision that the watch has passed.
    if (revision <= (known?.revision ?? this.#revision)) return undefined;
    const before = known?.kv;
    if (kv !== undefined && before === undefined && this.#size >= MAX_KEYS) return undefined;
    this.#entries.set(key, { kv, revision });
    if (kv === undefined) this.#deleted.add(key);
    else this.#deleted.delete(key);
    this.#size += Number(kv !== undefined) - Number(before !== undefined);
    return before === undefined && kv === undefined ? undefined : { key, before, after: kv, revision, listed };
  }

  /** The watch has told everything up to `revision`: deletions up to there need no memory any more. */
  #passed(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const key of this.#deleted) {
      if ((this.#entries.get(key)?.revision ?? 0) > revision) continue;
      this.#deleted.delete(key);
      this.#entries.delete(key);
    }
  }

  #tell(changes: readonly MirrorChange[]): void {
    if (changes.length > 0) callAll(this.#listeners, this.deps.report, changes);
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
