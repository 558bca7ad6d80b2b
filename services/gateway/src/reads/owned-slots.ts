import type { Clock, Random } from '@parkade/clock';
import { parkIdShard } from '@parkade/ids';
import {
  type CallKey,
  type ListOwnedRequest,
  type ListOwnedResponse,
  type ParkState,
  Reason,
  type Slot,
} from '@parkade/proto';
import { draining, Refused, toDuration } from '@parkade/rpc';
import type { GatewayLimits } from '../config.js';
import type { Deadline } from '../deadline.js';
import type { Cluster, ShardDirectory } from '../ports.js';
import { backOffMs } from '../routing/back-off.js';
import type { OwnerChanges } from '../routing/owner-changes.js';
import type { OwnerLinks } from '../routing/owner-links.js';
import type { PagePosition } from './page-token.js';

/** What is asked of every owner. */
export interface OwnedQuery {
  readonly tenantId: string;
  readonly lotId: string;
  readonly states: readonly ParkState[];
  readonly limit: number;
  readonly after: PagePosition;
  readonly call?: CallKey | undefined;
  /** Only the slot of this name. */
  readonly slot?: string | undefined;
  /** No slots: only which shards the tenant has lots on. */
  readonly onlyShards?: boolean | undefined;
}

/** A shard without an owner holds up the search for a slot no longer than this. */
const MAX_SEARCH_MS = 1_000;

/** Slots in order, and whether there are more behind them. */
export interface OwnedPage {
  readonly slots: readonly Slot[];
  readonly more: boolean;
}

export interface OwnedSlotsDeps {
  readonly cluster: Cluster;
  readonly directory: ShardDirectory;
  readonly links: OwnerLinks;
  readonly changes: OwnerChanges;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the gateway ends: whoever still waits hears DRAINING. */
  readonly stop: AbortSignal;
}

/** Asks every owner and merges what they say. */
export class OwnedSlots {
  #searches = 0;

  constructor(
    private readonly limits: GatewayLimits,
    private readonly deps: OwnedSlotsDeps,
  ) {}

  /**
   * The first `limit` slots after the position, merged by (lot, slot). Complete: every shard was looked at, else it is tried
   * again until the deadline (NO_OWNER). `enough` ends that early.
   */
  async list(
    query: OwnedQuery,
    deadline: Deadline,
    enough: (slots: readonly Slot[]) => boolean = () => false,
  ): Promise<OwnedPage | Refused> {
    const { clock, random, changes, cluster, stop } = this.deps;
    for (let attempt = 0; clock.monotonicMs() < deadline && !stop.aborted; attempt++) {
      const answers = await this.#askAll(query, deadline);
      const page = merge(answers, query.limit);
      if (enough(page.slots)) return page;
      const missing = uncovered(answers, cluster.shardCount);
      if (missing === undefined) return page;
      const pauseMs = backOffMs(attempt, this.limits.retryMinMs, this.limits.retryMaxMs, random);
      await changes.wait(missing, Math.min(pauseMs, Math.max(0, deadline - clock.monotonicMs())));
    }
    if (stop.aborted) return draining();
    const message = 'Not every shard had an owner that answered in time; nothing is known of the rest. Retry.';
    return new Refused(Reason.NO_OWNER, message);
  }

  /**
   * The shard a slot is on where settings do not tell any more, told by a park in it; undefined where nobody is parked there, as far
   * as its owners say in time. Past `maxLookups` at a time nobody is asked.
   */
  async shardOf(tenantId: string, lotId: string, slot: string, deadline: Deadline): Promise<number | undefined> {
    if (this.#searches >= this.limits.maxLookups) return undefined;
    this.#searches++;
    const find = (slots: readonly Slot[]): Slot | undefined => slots.find((each) => each.slot === slot);
    const query = { tenantId, lotId, states: [], limit: 1, after: { lotId: '', slot: '' }, slot };
    const until = Math.min(deadline, this.deps.clock.monotonicMs() + MAX_SEARCH_MS);
    const page = await this.list(query, until, (slots) => find(slots) !== undefined).finally(() => this.#searches--);
    const parkId = page instanceof Refused ? undefined : find(page.slots)?.parks[0]?.parkId;
    return parkId === undefined ? undefined : parkIdShard(parkId);
  }

  /**
   * The shards that a tenant has lots on, as far as their owners say now, whatever the settings name; `whole`: of every shard somebody
   * said so.
   */
  async shardsOf(tenantId: string): Promise<{ readonly shards: readonly number[]; readonly whole: boolean }> {
    const query = { tenantId, lotId: '', states: [], limit: 1, after: { lotId: '', slot: '' }, onlyShards: true };
    const answers = await this.#askAll(query, this.deps.clock.monotonicMs() + MAX_SEARCH_MS);
    const { shardCount } = this.deps.cluster;
    const numbers = Array.from({ length: shardCount }, (_, shard) => shard);
    const shards = numbers.filter((shard) => answers.some(({ used }) => used !== undefined && hasBit(used, shard)));
    return { shards, whole: uncovered(answers, shardCount) === undefined };
  }

  async #askAll(query: OwnedQuery, deadline: Deadline): Promise<readonly ListOwnedResponse[]> {
    const { directory, links, clock } = this.deps;
    const timeoutMs = Math.max(1, deadline - clock.monotonicMs());
    const request: ListOwnedRequest = {
      tenantId: query.tenantId,
      lotId: query.lotId,
      states: [...query.states],
      limit: query.limit,
      afterLotId: query.after.lotId,
      afterSlot: query.after.slot,
      call: query.call,
      slot: query.slot ?? '',
      onlyShards: query.onlyShards,
      timeout: toDuration(Math.floor(timeoutMs)),
    };
    const addresses = new Set([...directory.all().values()].map(({ address }) => address));
    const asked = [...addresses].map((address) => links.to(address).channel.list(request, timeoutMs));
    const settled = await Promise.allSettled(asked);
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }
}

/**
 * The first `limit` slots of all answers together. Of a slot that two owners name (it was just handed over) the younger
 * revision counts. Where an owner has more, what lies behind its last slot is not complete and left for the next page.
 */
export function merge(answers: readonly ListOwnedResponse[], limit: number): OwnedPage {
  const slots = new Map<string, Slot>();
  let end: Slot | undefined;
  for (const { slots: owned, more } of answers) {
    for (const slot of owned) {
      const key = `${slot.lotId}\0${slot.slot}`;
      const other = slots.get(key);
      if (other === undefined || other.revision < slot.revision) slots.set(key, slot);
    }
    const last = owned.at(-1);
    if (more && last !== undefined && (end === undefined || order(last, end) < 0)) end = last;
  }
  const sorted = [...slots.values()].sort(order);
  const complete = end === undefined ? sorted : sorted.filter((slot) => order(slot, end) <= 0);
  const page = complete.slice(0, limit);
  return { slots: page, more: page.length < sorted.length || answers.some(({ more }) => more) };
}

/** Names are ASCII: the order of their UTF-16 units is that of their bytes, which is the owners'. */
function order(a: PagePosition, b: PagePosition): number {
  if (a.lotId !== b.lotId) return a.lotId < b.lotId ? -1 : 1;
  if (a.slot !== b.slot) return a.slot < b.slot ? -1 : 1;
  return 0;
}

/** A shard nobody looked at; undefined when there is none. */
function uncovered(answers: readonly ListOwnedResponse[], shardCount: number): number | undefined {
  for (let shard = 0; shard < shardCount; shard++) {
    if (!answers.some(({ shards }) => hasBit(shards, shard))) return shard;
  }
  return undefined;
}

function hasBit(bits: Uint8Array, shard: number): boolean {
  return ((bits[shard >> 3] ?? 0) & (1 << (shard & 7))) !== 0;
}
