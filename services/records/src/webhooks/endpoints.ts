import { type Clock, sleep } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { EventMessage } from '@parkade/presence';
import { type Endpoint, type EndpointName, hears, jsonOf, parseEndpoint, parseEndpointKey } from '@parkade/records';
import { prefixRange, type Store, type Watch } from '@parkade/store';

const RETRY_MS = 1_000;

/** An endpoint as it stands, and whose. */
export interface KnownEndpoint {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  /** Another one wherever anything of it was written. */
  readonly revision: number;
}

/** Every endpoint of every tenant, as the store has them, followed. One that cannot be read counts as not there. */
export class Endpoints {
  readonly #known = new Map<string, KnownEndpoint>();
  readonly #byTenant = new Map<string, Set<string>>();
  readonly #stop = new AbortController();
  #watch: Watch | undefined;

  constructor(
    private readonly deps: {
      readonly store: Store;
      readonly clock: Clock;
      readonly onTrouble: (error: unknown) => void;
      readonly onChange: () => void;
    },
  ) {}

  all(): Iterable<KnownEndpoint> {
    return this.#known.values();
  }

  get(tenant: string, id: string): KnownEndpoint | undefined {
    return this.#known.get(keys.webhook(tenant, id));
  }

  /** Who hears of an event. */
  hearers({ tenant, kind }: EventMessage): readonly EndpointName[] {
    const own = [...(this.#byTenant.get(tenant) ?? [])].map((key) => this.#known.get(key));
    return own.flatMap((known) => (known !== undefined && hears(known.endpoint, kind) ? [known.name] : []));
  }

  /** Resolves when all are known, or it was closed. */
  async start(): Promise<void> {
    const { store, clock, onTrouble } = this.deps;
    const range = prefixRange(keys.webhooks);
    while (!this.#stop.signal.aborted) {
      try {
        const { kvs, revision } = await store.range(range);
        for (const key of [...this.#known.keys()]) this.#forget(key);
        for (const { key, value, modRevision } of kvs) this.#learn(key, value, modRevision);
        this.#follow(revision);
        this.deps.onChange();
        return;
      } catch (error) {
        onTrouble(error);
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
  }

  close(): void {
    this.#stop.abort();
    this.#watch?.close();
  }

  #follow(revision: number): void {
    this.#watch = this.deps.store.watch(prefixRange(keys.webhooks), revision + 1, {
      events: (events) => {
        for (const event of events) {
          if (event.kind === 'put') this.#learn(event.kv.key, event.kv.value, event.kv.modRevision);
          else this.#forget(event.key);
        }
        this.deps.onChange();
      },
      compacted: () => void this.start(),
    });
  }

  #learn(key: string, value: Uint8Array, revision: number): void {
    const whose = parseEndpointKey(key);
    const read = parseEndpoint(jsonOf(value));
    if (whose === undefined || !read.ok) {
      this.#forget(key);
      return;
    }
    const { value: endpoint } = read;
    this.#known.set(key, { name: { ...whose, key: endpoint.key }, endpoint, revision });
    this.#byTenant.set(whose.tenant, (this.#byTenant.get(whose.tenant) ?? new Set()).add(key));
  }

  #forget(key: string): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    this.#known.delete(key);
    const own = this.#byTenant.get(known.name.tenant);
    own?.delete(key);
    if (own?.size === 0) this.#byTenant.delete(known.name.tenant);
  }
}
