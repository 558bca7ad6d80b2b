import type { Clock, Timer } from '@parkade/clock';
import type { GatewayLimits } from '../config.js';
import type { ShardDirectory } from '../ports.js';
import { OwnerLink } from './owner-link.js';
import type { OwnerTransport } from './owner-transport.js';

/** An owner that hands a shard over has answered what it did of it: its answers come this long after the news, at the latest. */
const LAST_ANSWERS_MS = 50;

interface Kept {
  readonly link: OwnerLink;
  /** Monotonic ms it was last asked for. */
  usedAtMs: number;
}

/**
 * One link for each owner's address.
 *
 *   P1. An address has at most one link at a time.
 *   P2. A link whose address owns nothing any more is closed once nothing is under way on it and nobody asked for it for
 *       `idleLinkMs`. So there are never many more links than owners.
 *   P3. When a shard goes to another owner, nobody goes on waiting for the old one: a frozen owner keeps its connections.
 */
export class OwnerLinks {
  readonly #links = new Map<string, Kept>();
  #prune: Timer | undefined;
  readonly #endChanges: () => void;

  constructor(
    private readonly transport: OwnerTransport,
    private readonly directory: ShardDirectory,
    private readonly clock: Clock,
    private readonly limits: Pick<GatewayLimits, 'maxPerOwner' | 'maxBatch' | 'idleLinkMs'>,
  ) {
    this.#endChanges = directory.onChange((shard) => this.#moved(shard));
  }

  /** The link to `address`, made when there is none. */
  to(address: string): OwnerLink {
    let kept = this.#links.get(address);
    if (kept === undefined) {
      const link = new OwnerLink(this.transport.connect(address), this.clock, this.limits);
      kept = { link, usedAtMs: 0 };
      this.#links.set(address, kept);
      this.#prune ??= this.clock.setTimer(this.limits.idleLinkMs, () => this.#pruneIdle());
    }
    kept.usedAtMs = this.clock.monotonicMs();
    return kept.link;
  }

  get size(): number {
    return this.#links.size;
  }

  close(): void {
    this.#endChanges();
    this.#prune?.cancel();
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
  }

  #moved(shard: number): void {
    const owner = this.directory.owner(shard)?.address;
    // While nobody has it, there is nobody else to ask.
    if (owner === undefined) return;
    for (const [address, { link }] of this.#links) if (address !== owner) link.moved(shard, LAST_ANSWERS_MS);
  }

  #pruneIdle(): void {
    const owners = new Set([...this.directory.all().values()].map(({ address }) => address));
    const before = this.clock.monotonicMs() - this.limits.idleLinkMs;
    for (const [address, { link, usedAtMs }] of this.#links) {
      if (owners.has(address) || link.underWay > 0 || usedAtMs > before) continue;
      this.#links.delete(address);
      link.close();
    }
    this.#prune =
      this.#links.size === 0 ? undefined : this.clock.setTimer(this.limits.idleLinkMs, () => this.#pruneIdle());
  }
}
