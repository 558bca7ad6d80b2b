import { type Clock, sleep } from '@parkade/clock';
import { decodeToken, keys } from '@parkade/ids';
import { prefixRange, type Store, type Watch } from '@parkade/store';
import { type MediaNode, readMediaNode } from './media-node.js';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const RANGE = prefixRange(keys.mediaNodes);

/**
 * The registered media nodes, followed in the store.
 *
 *   R1. A registration that cannot be read is no node: nobody connects to it.
 *   R2. `changed` is told after every change, also of a node's address.
 */
export class NodeRegistry {
  readonly #nodes = new Map<string, MediaNode>();
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #watch: Watch | undefined;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Resolves when all were listed once (it tries until it can), or when this was closed. */
  async start(): Promise<void> {
    for (let delayMs = RETRY_FIRST_MS; !this.#stop.signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        await this.#list();
        return;
      } catch {
        await sleep(this.clock, delayMs, this.#stop.signal);
      }
    }
  }

  names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  get(name: string): MediaNode | undefined {
    return this.#nodes.get(name);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#stop.abort();
    this.#watch?.close();
  }

  async #list(): Promise<void> {
    const listed = await this.store.range(RANGE);
    if (this.#stop.signal.aborted) return;
    this.#nodes.clear();
    for (const { key, value } of listed.kvs) this.#put(key, value);
    this.#watch = this.store.watch(RANGE, listed.revision + 1, {
      events: (events) => {
        for (const event of events) {
          if (event.kind === 'put') this.#put(event.kv.key, event.kv.value);
          else this.#put(event.key, undefined);
        }
        for (const listener of this.#listeners) listener();
      },
      compacted: () => void this.start(),
    });
    for (const listener of this.#listeners) listener();
  }

  #put(key: string, value: Uint8Array | undefined): void {
    const name = decodeToken(key.slice(keys.mediaNodes.length));
    if (name === undefined) return;
    const node = value === undefined ? undefined : readMediaNode(name, value);
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
  }
}
