import { type Clock, sleep } from '@parkade/clock';
import { decodeToken, keys } from '@parkade/ids';
import { prefixRange, type Store, type Watch } from '@parkade/store';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

/** The registered media nodes: their names, followed in the store. */
export class MediaNodes {
  readonly #names = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #watch: Watch | undefined;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Resolves when all were listed once (it tries until it can), or when this was closed. */
  async start(): Promise<void> {
    const range = prefixRange(keys.mediaNodes);
    for (let delayMs = RETRY_FIRST_MS; !this.#stop.signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        const listed = await this.store.range(range, { keysOnly: true });
        this.#names.clear();
        for (const { key } of listed.kvs) this.#put(key, true);
        if (this.#closed()) return;
        this.#watch = this.store.watch(range, listed.revision + 1, {
          events: (events) => {
            for (const event of events) {
              if (event.kind === 'put') this.#put(event.kv.key, true);
              else this.#put(event.key, false);
            }
          },
          compacted: () => void this.start(),
        });
        return;
      } catch {
        await sleep(this.clock, delayMs, this.#stop.signal);
      }
    }
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  names(): readonly string[] {
    return [...this.#names];
  }

  /** Calls `listener` after each change of the names. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#stop.abort();
    this.#watch?.close();
  }

  #put(key: string, registered: boolean): void {
    const name = decodeToken(key.slice(keys.mediaNodes.length));
    if (name === undefined) return;
    if (registered) this.#names.add(name);
    else this.#names.delete(name);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Asked after an `await`. */
  #closed(): boolean {
    return this.#stop.signal.aborted;
  }
}
