// Where media nodes send SIP to each other, and where they come from.
//   N1. A node comes from the address of its registration; one that is registered without an address sends nobody.
//   N2. A name is looked up, and what was found is believed for namesMs; one that cannot be looked up is nobody's, and asked for again.
import { isIP } from 'node:net';
import type { Clock } from '@parkade/clock';
import type { NodeRegistry } from './node-registry.js';

/** The addresses of a name; rejects where there are none. */
export type LookUp = (host: string) => Promise<readonly string[]>;

const NAMES_MS = 30_000;
const MAX_NAMES = 1_024;

interface Known {
  readonly addresses: Promise<readonly string[]>;
  readonly untilMs: number;
}

export class NodeAddresses {
  readonly #names = new Map<string, Known>();

  constructor(
    private readonly registry: Pick<NodeRegistry, 'names' | 'get'>,
    private readonly lookUp: LookUp,
    private readonly clock: Clock,
  ) {}

  /** `host:port` that a node takes phones of other nodes at; empty: it takes none. */
  sipAddress(node: string): string {
    return this.registry.get(node)?.sipAddress ?? '';
  }

  /** The nodes whose calls come from an address, in the order of their names. Never rejects. */
  async nodesAt(address: string): Promise<readonly string[]> {
    const nodes = [...this.registry.names()].sort();
    const hosts = nodes.map((node) => hostOf(this.sipAddress(node)));
    const addresses = await Promise.all(hosts.map((host) => this.#addressesOf(host)));
    return nodes.filter((_, i) => addresses[i]?.some((one) => plain(one) === plain(address)) === true);
  }

  #addressesOf(host: string): Promise<readonly string[]> {
    if (host === '' || isIP(host) !== 0) return Promise.resolve(host === '' ? [] : [host]);
    const nowMs = this.clock.monotonicMs();
    const known = this.#names.get(host);
    if (known !== undefined && known.untilMs > nowMs) return known.addresses;
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    const addresses = this.lookUp(host).catch(() => {
      this.#names.delete(host);
      return [];
    });
    this.#names.set(host, { addresses, untilMs: nowMs + NAMES_MS });
    return addresses;
  }
}

function hostOf(sipAddress: string): string {
  return sipAddress.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** An IPv4 address is the same inside an IPv6 one. */
function plain(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}
