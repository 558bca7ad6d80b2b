import type { Host } from '../world/host.js';
import type { Scheduler } from '../world/scheduler.js';
import type { Links } from './links.js';

/** A blocked connection is given up by both ends after this long (keepalive: 10 s and 3 s, as every channel of ours has it). */
const KEEPALIVE_MS = 13_000;

type Side = 'client' | 'server';

interface Direction {
  /** What left earlier arrives earlier. */
  lastMs: number;
  readonly held: (() => void)[];
}

/**
 * One connection between two hosts, as TCP gives it.
 *
 *   C1. In each direction what was sent arrives in its order, once, or never, and then nothing after it either.
 *   C2. It breaks once; each end that lives is told.
 */
export class Connection {
  readonly #ways: Readonly<Record<Side, Direction>> = {
    client: { lastMs: 0, held: [] },
    server: { lastMs: 0, held: [] },
  };
  readonly #onBroken: Record<Side, Set<(cause: string) => void>> = { client: new Set(), server: new Set() };
  readonly #endHealing: () => void;
  #open = true;
  #waiting = false;
  readonly #died = (): void => this.break('the other process is gone');

  constructor(
    private readonly scheduler: Scheduler,
    private readonly links: Links,
    readonly client: Host,
    readonly server: Host,
  ) {
    this.#endHealing = links.onHealed(() => this.#flush());
    for (const host of [client, server]) host.onDeath.add(this.#died);
  }

  get open(): boolean {
    return this.#open;
  }

  /** Has `fn` run at the other side when what is sent now has arrived there. `reply`: a fault may lose it. */
  send(from: Side, fn: () => void, reply = false): void {
    if (!this.#open) return;
    if (reply && this.links.losesReply(this.client.name, this.server.name)) {
      this.break('a reply was lost with its connection');
      return;
    }
    const way = this.#ways[from];
    const delayMs = this.links.delayMs(this.client.name, this.server.name);
    way.lastMs = Math.max(way.lastMs, this.scheduler.nowMs + delayMs);
    const to = from === 'client' ? this.server : this.client;
    to.after(way.lastMs - this.scheduler.nowMs, () => {
      if (!this.#open) return;
      if (way.held.length > 0 || this.links.blocked(this.client.name, this.server.name)) this.#hold(way, fn);
      else fn();
    });
  }

  /** `listener` runs at that side when the connection is found broken there; returns what ends it. */
  onBroken(side: Side, listener: (cause: string) => void): () => void {
    this.#onBroken[side].add(listener);
    return () => void this.#onBroken[side].delete(listener);
  }

  /** Breaks it at once; both ends are told, each in its time. */
  break(cause: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#endHealing();
    for (const host of [this.client, this.server]) host.onDeath.delete(this.#died);
    for (const way of Object.values(this.#ways)) way.held.length = 0;
    const { client, server, links } = this;
    for (const [side, host] of [
      ['client', client],
      ['server', server],
    ] as const) {
      const listeners = [...this.#onBroken[side]];
      this.#onBroken[side].clear();
      host.after(links.delayMs(client.name, server.name), () => {
        for (const listener of listeners) listener(cause);
      });
    }
  }

  #arrive(from: Side, fn: () => void): void {
    (from === 'client' ? this.server : this.client).after(0, fn);
  }

  #hold(way: Direction, fn: () => void): void {
    way.held.push(fn);
    if (this.#waiting) return;
    this.#waiting = true;
    this.scheduler.after(KEEPALIVE_MS, undefined, () => {
      this.#waiting = false;
      if (this.links.blocked(this.client.name, this.server.name)) this.break('keepalive');
    });
  }

  #flush(): void {
    if (!this.#open || this.links.blocked(this.client.name, this.server.name)) return;
    for (const side of ['client', 'server'] as const) {
      for (const fn of this.#ways[side].held.splice(0)) this.#arrive(side, fn);
    }
  }
}
