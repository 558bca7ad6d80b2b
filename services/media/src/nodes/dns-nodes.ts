// Media nodes that a headless service names in DNS.
//   D1. What stands in DNS is registered; what somebody registered by hand under that name stays as it is.
//   D2. A name that cannot be resolved now changes nothing: only an answer without a node counts against it.
//   D3. A node that `goneAfter` answers in a row leave out is taken out once nobody is parked at it: until then its calls are
//       served as before, so that a node that is being shut down drains.
//   D4. At most maxNodes are registered for one name. All processes do this; each write compares with what was read.
import { type Clock, sleep } from '@parkade/clock';
import { decodeToken, keys } from '@parkade/ids';
import type { Log } from '@parkade/rpc';
import { prefixRange, type Store } from '@parkade/store';
import { faultOf, type MediaNode, readMediaNode, storedMediaNode } from './media-node.js';

/** A node as DNS tells it. */
export interface NamedNode {
  readonly name: string;
  readonly host: string;
  /** Of its Event Socket; absent: the configured one. */
  readonly port?: number | undefined;
}

export interface DnsNodesConfig {
  /** What is resolved. */
  readonly service: string;
  /** Event Socket's port of nodes whose records name none. */
  readonly port: number;
  /** Port that other nodes send SIP to; 0: they take no calls from each other. */
  readonly sipPort: number;
  /** Between two resolutions, in ms. */
  readonly everyMs: number;
  readonly goneAfter: number;
  readonly maxNodes: number;
}

export const DEFAULT_DNS_NODES = { port: 8021, sipPort: 5060, everyMs: 10_000, goneAfter: 3, maxNodes: 256 };

export interface DnsNodesDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Rejects where nobody can say; an empty answer says that there are none. */
  readonly resolve: (service: string) => Promise<readonly NamedNode[]>;
  /** How many calls are parked at a node; undefined: not known. */
  readonly parkedAt: (node: string) => Promise<number | undefined>;
}

export class DnsNodes {
  /** How many answers in a row have left a node out. */
  readonly #missing = new Map<string, number>();
  readonly #stop = new AbortController();

  constructor(
    private readonly config: DnsNodesConfig,
    private readonly deps: DnsNodesDeps,
  ) {}

  /** Follows the name until it is closed. Never rejects. */
  async run(): Promise<void> {
    const { clock, log } = this.deps;
    const { service, everyMs } = this.config;
    while (!this.#stop.signal.aborted) {
      try {
        await this.once();
      } catch (error) {
        log.warn('media nodes could not be looked up', { service, error: String(error) });
      }
      await sleep(clock, everyMs, this.#stop.signal);
    }
  }

  close(): void {
    this.#stop.abort();
  }

  /** Looks once. Rejects where DNS or the store is away; what was done until then stays. */
  async once(): Promise<void> {
    const { service, maxNodes } = this.config;
    const { store, resolve, log } = this.deps;
    const named = await resolve(service);
    if (named.length > maxNodes) log.warn('too many media nodes in DNS', { service, named: named.length, maxNodes });
    const seen = new Map(named.slice(0, maxNodes).map((node) => [node.name, node]));
    const { kvs } = await store.range(prefixRange(keys.mediaNodes));
    const stored = new Map(kvs.map((kv) => [decodeToken(kv.key.slice(keys.mediaNodes.length)) ?? '', kv] as const));
    for (const node of seen.values()) {
      this.#missing.delete(node.name);
      const kv = stored.get(node.name);
      await this.#register(node, kv?.value, kv?.modRevision ?? 0);
    }
    for (const [name, { value, modRevision }] of stored) {
      if (!seen.has(name) && sourceOf(value) === this.#source) await this.#unseen(name, modRevision);
    }
  }

  get #source(): string {
    return `dns:${this.config.service}`;
  }

  async #register({ name, host, port }: NamedNode, value: Uint8Array | undefined, modRevision: number): Promise<void> {
    const { store, log } = this.deps;
    const { sipPort, service } = this.config;
    if (value !== undefined && sourceOf(value) !== this.#source) return;
    const sipAddress = sipPort === 0 ? '' : `${host}:${sipPort}`;
    const node: MediaNode = { name, host, port: port ?? this.config.port, sipAddress, recovers: false };
    const known = value === undefined ? undefined : readMediaNode(name, value);
    if (faultOf(node) !== undefined) return log.warn('no media node', { service, name, fault: faultOf(node) });
    if (known?.host === node.host && known.port === node.port && known.sipAddress === node.sipAddress) return;
    const key = keys.mediaNode(name);
    const put = { kind: 'put', key, value: storedMediaNode(node, this.#source) } as const;
    const { succeeded } = await store.txn({ compare: [{ kind: 'mod', key, revision: modRevision }], success: [put] });
    if (succeeded) log.info('a media node came by DNS', { service, name, host });
  }

  async #unseen(name: string, modRevision: number): Promise<void> {
    const { store, parkedAt, log } = this.deps;
    const { goneAfter, service } = this.config;
    const missing = (this.#missing.get(name) ?? 0) + 1;
    this.#missing.set(name, missing);
    if (missing < goneAfter) return;
    const parked = await parkedAt(name);
    if (parked !== 0) return log.info('a media node that left DNS still has calls', { service, name, parked });
    const key = keys.mediaNode(name);
    const remove = { kind: 'delete', range: { start: key } } as const;
    const { succeeded } = await store.txn({
      compare: [{ kind: 'mod', key, revision: modRevision }],
      success: [remove],
    });
    if (!succeeded) return;
    this.#missing.delete(name);
    log.info('a media node went by DNS', { service, name });
  }
}

function sourceOf(value: Uint8Array): string {
  try {
    const fields = JSON.parse(Buffer.from(value).toString('utf8')) as { readonly source?: unknown };
    return typeof fields.source === 'string' ? fields.source : '';
  } catch {
    return '';
  }
}
