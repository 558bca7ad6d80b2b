import { type Clock, sleep } from '@parkade/clock';
import type { RangeResult, Store, Watch, WatchEvent } from '@parkade/store';
import { SETTINGS_RANGE } from '../settings-key.js';
import type { SystemSettings } from '../system-settings.js';
import { RevisionWaiters } from './revision-waiters.js';
import { type InvalidSettings, type SettingsChange, SettingsState } from './settings-state.js';
import type { TenantView } from './tenant-view.js';

/** At most this many settings keys are kept unless told otherwise. */
export const DEFAULT_MAX_SETTINGS_KEYS = 500_000;

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

export interface SettingsCacheConfig {
  readonly maxKeys?: number | undefined;
}

export interface SettingsCacheDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Something stored cannot be used; the last good value stays in force. */
  readonly onInvalid?: ((invalid: InvalidSettings) => void) | undefined;
  /** The store could not be read; it is tried again. */
  readonly onUnavailable?: ((error: unknown) => void) | undefined;
}

/**
 * The settings of the whole cluster, in memory, following the store.
 *
 *   C4. `revision` is that of the youngest settings change seen, so every cache sees it sooner or later; it never goes back.
 *   C5. All changes up to `revision` are in force when it is told: the gateway that passes it on with a command, and the
 *       owner that waits for it, resolve alike.
 *   C6. Where the watch ends (history compacted) everything is listed again; only what differs is announced.
 */
export class SettingsCache {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #state: SettingsState;
  readonly #waiters: RevisionWaiters;
  readonly #listeners = new Set<(change: SettingsChange) => void>();
  readonly #onUnavailable: (error: unknown) => void;
  readonly #stop = new AbortController();
  #started: Promise<void> | undefined;
  #watch: Watch | undefined;
  #revision = 0;
  /** The store's revision up to which nothing is missing here; at least `revision`. */
  #complete = 0;

  constructor(config: SettingsCacheConfig, deps: SettingsCacheDeps) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#waiters = new RevisionWaiters(deps.clock);
    this.#onUnavailable = deps.onUnavailable ?? ignore;
    this.#state = new SettingsState(config.maxKeys ?? DEFAULT_MAX_SETTINGS_KEYS, deps.onInvalid ?? ignore, (change) => {
      for (const listener of this.#listeners) listener(change);
    });
  }

  /** Resolves when everything was read once (it tries until it can), or when the cache was closed. Idempotent. */
  start(): Promise<void> {
    return (this.#started ??= this.#listAndWatch());
  }

  /** The youngest settings change that is in force here (C4); 0 before any. */
  get revision(): number {
    return this.#revision;
  }

  get system(): SystemSettings {
    return this.#state.system;
  }

  /** A tenant; undefined when it does not exist. */
  tenant(tenantId: string): TenantView | undefined {
    return this.#state.tenant(tenantId);
  }

  /** All tenants, in no order. */
  tenants(): IterableIterator<TenantView> {
    return this.#state.tenants();
  }

  /** Resolves to whether the change of `revision` is in force here, after `timeoutMs` at the latest. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    if (revision <= this.#complete) return Promise.resolve(true);
    if (this.#stop.signal.aborted) return Promise.resolve(false);
    return this.#waiters.wait(revision, timeoutMs);
  }

  /** Whether `waitFor` would not have to wait: the hot path asks this first. */
  hasSeen(revision: number): boolean {
    return revision <= this.#complete;
  }

  /** Calls `listener` after each change; it must not throw. Returns what ends it. */
  onChange(listener: (change: SettingsChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Stops following. What is known stays readable. Idempotent. */
  close(): void {
    this.#stop.abort();
    this.#watch?.close();
    this.#listeners.clear();
    this.#waiters.end();
  }

  async #listAndWatch(): Promise<void> {
    const listed = await this.#list();
    if (listed === undefined) return;
    this.#state.replace(listed.kvs);
    const youngest = listed.kvs.reduce((max, kv) => Math.max(max, kv.modRevision), 0);
    this.#saw(youngest, listed.revision);
    this.#watch = this.#store.watch(SETTINGS_RANGE, listed.revision + 1, {
      events: (events, revision) => this.#apply(events, revision),
      compacted: () => void this.#listAndWatch(),
    });
  }

  /** Lists until it succeeds; undefined when the cache was closed meanwhile. */
  async #list(): Promise<RangeResult | undefined> {
    for (let delayMs = RETRY_FIRST_MS; !this.#stop.signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        const listed = await this.#store.range(SETTINGS_RANGE);
        return this.#closed() ? undefined : listed;
      } catch (error) {
        if (this.#closed()) return undefined;
        this.#onUnavailable(error);
        await sleep(this.#clock, delayMs, this.#stop.signal);
      }
    }
    return undefined;
  }

  /** Asked after an `await`, when the cache may have been closed. */
  #closed(): boolean {
    return this.#stop.signal.aborted;
  }

  #apply(events: readonly WatchEvent[], revision: number): void {
    if (this.#closed()) return;
    let youngest = 0;
    for (const event of events) {
      if (event.kind === 'put') this.#state.put(event.kv);
      else this.#state.delete(event.key);
      youngest = event.kind === 'put' ? event.kv.modRevision : event.modRevision;
    }
    this.#saw(youngest, revision);
  }

  #saw(youngest: number, complete: number): void {
    this.#revision = Math.max(this.#revision, youngest);
    this.#complete = Math.max(this.#complete, complete);
    this.#waiters.seen(this.#complete);
  }
}

function ignore(): void {
  return undefined;
}
