import { type Clock, sleep } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { Checked } from '@parkade/settings';
import { prefixRange, type Store, type Watch } from '@parkade/store';
import { decodeFlow, type StoredFlow } from './stored-flows.js';

/** At most this many flows are kept unless told otherwise. */
export const DEFAULT_MAX_FLOWS = 10_000;

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

export type CachedFlow = Checked<StoredFlow | undefined>;

export interface FlowCacheDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** The changes of flows could not be followed; it is tried again, and until then every look-up reads the store. */
  readonly onUnavailable?: ((error: unknown) => void) | undefined;
}

/**
 * The stored flows that were lately used, read when they are first asked for, and forgotten when they change.
 *
 *   W1. What is kept was read while changes were followed, and no change of its key was told since.
 *   W2. A read that was under way when a change of its key was told is answered and not kept.
 *   W3. At most `maxFlows` are kept, those used last; a flow that is not there is kept as such.
 */
export class FlowCache {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #maxFlows: number;
  readonly #onUnavailable: (error: unknown) => void;
  readonly #kept = new Map<string, CachedFlow>();
  readonly #reads = new Map<string, Promise<CachedFlow>>();
  readonly #stop = new AbortController();
  #watch: Watch | undefined;

  constructor(config: { readonly maxFlows?: number | undefined }, deps: FlowCacheDeps) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#maxFlows = config.maxFlows ?? DEFAULT_MAX_FLOWS;
    this.#onUnavailable = deps.onUnavailable ?? ((): void => undefined);
  }

  /** Resolves when changes are followed (it tries until they are), or when this was closed. */
  async start(): Promise<void> {
    const range = prefixRange(keys.tenants);
    for (let delayMs = RETRY_FIRST_MS; !this.#stop.signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        const { revision } = await this.#store.range({ start: keys.tenants }, { keysOnly: true });
        if (this.#closed()) return;
        this.#watch = this.#store.watch(range, revision + 1, {
          events: (events) => {
            for (const event of events) this.#forget(event.kind === 'put' ? event.kv.key : event.key);
          },
          compacted: () => this.#restart(),
        });
        return;
      } catch (error) {
        this.#onUnavailable(error);
        await sleep(this.#clock, delayMs, this.#stop.signal);
      }
    }
  }

  /** A flow; rejects (`StoreError`) where it is not kept and the store does not answer. Paths of issues are the flow's. */
  async get(tenantId: string, flowId: string): Promise<CachedFlow> {
    const key = keys.flow(tenantId, flowId);
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    let read = this.#reads.get(key);
    if (read === undefined) this.#reads.set(key, (read = this.#read(key)));
    try {
      const flow = await read;
      if (this.#reads.get(key) === read && this.#watch !== undefined) this.#keep(key, flow);
      return flow;
    } finally {
      if (this.#reads.get(key) === read) this.#reads.delete(key);
    }
  }

  /** Stops following. Idempotent. */
  close(): void {
    this.#stop.abort();
    this.#watch?.close();
    this.#watch = undefined;
    this.#kept.clear();
  }

  async #read(key: string): Promise<CachedFlow> {
    const kv = await this.#store.get(key);
    return kv === undefined ? { ok: true, value: undefined } : decodeFlow(kv.value, kv.modRevision);
  }

  #keep(key: string, flow: CachedFlow): void {
    this.#kept.set(key, flow);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#maxFlows) break;
      this.#kept.delete(oldest);
    }
  }

  #forget(key: string): void {
    this.#kept.delete(key);
    this.#reads.delete(key);
  }

  #restart(): void {
    this.#watch = undefined;
    this.#kept.clear();
    this.#reads.clear();
    void this.start();
  }

  /** Asked after an `await`. */
  #closed(): boolean {
    return this.#stop.signal.aborted;
  }
}
