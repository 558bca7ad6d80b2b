import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@parkade/bus';
import {
  type Claim,
  type Commit,
  type LoggedEvent,
  PARK_ENDS,
  type RecallChange,
  RINGS_ON,
  type Run,
  type Transition,
} from '@parkade/checker';
import { keys, ownerKeyPartition, parseSlotKey } from '@parkade/ids';
import { ALL_EVENTS, EVENT_STREAM, parseEvents } from '@parkade/presence';
import { type SlotRecord, TransitionKind } from '@parkade/proto';
import { decodeRecord } from '@parkade/slots';
import { prefixRange, type Store, type Watch, type WatchEvent } from '@parkade/store';
import { storedAt } from '../support/stored-slots.js';

/** Whose journal and whose entry: `/parkade/shards/<shard>/journal/<epoch>-<count>`. */
const JOURNAL = /^\/parkade\/shards\/(\d{5})\/journal\/(\d+)-\d+$/;

/** How often it is looked whether all of it is there. */
const LOOK_MS = 50;

/**
 * What the store and the bus can testify of a run.
 *
 *   T1. What is judged is the run up to one revision: calls go on coming back while the judge looks, and the event of the latest
 *       transition is always still on its way.
 */
export class Evidence {
  readonly transitions: Transition[] = [];
  readonly recalls: RecallChange[] = [];
  readonly claims: Claim[] = [];
  readonly commits: Commit[] = [];
  /** What could not be seen; a run with gaps proves nothing. */
  readonly gaps: string[] = [];
  readonly #watches: readonly Watch[];
  readonly #events: { id: string; name: string; revision: number }[] = [];
  #excusedUpTo = 0;

  private constructor(private readonly store: Store) {
    this.#watches = [keys.shards, keys.owners('slot-shard')].map((prefix) =>
      store.watch(prefixRange(prefix), 1, {
        events: (events) => {
          for (const event of events) this.#saw(event);
        },
        compacted: (revision) => void this.gaps.push(`the history below ${prefix} was compacted at ${revision}`),
      }),
    );
  }

  /** From the first revision on, so from before anything is written. */
  static async gather(store: Store, bus: Bus): Promise<Evidence> {
    const evidence = new Evidence(store);
    await bus.ensureStreams([EVENT_STREAM]);
    // As the stream holds them, what comes twice included.
    await bus.subscribe(ALL_EVENTS, { replay: 'all' }, ({ payload }) => {
      for (const event of parseEvents(payload)) {
        if (event.kind === 'failed') continue;
        const { id, tenant, lot, slot, revision } = event;
        evidence.#events.push({ id, name: `${tenant}/${lot}/${slot}`, revision });
      }
    });
    return evidence;
  }

  /** Events of transitions so far (or up to this revision) may be lost with the bus's own copy. */
  excuseEvents(upTo = this.transitions.at(-1)?.revision ?? 0): void {
    this.#excusedUpTo = upTo;
  }

  /**
   * The run up to a revision read now, for the checker (T1). Resolves when each transition up to there has its event, or after
   * `limitMs`. A history that cannot be followed to there is a gap.
   */
  async judged(limitMs: number): Promise<Omit<Run, 'requests'>> {
    const { slots, revision } = await storedAt(this.store);
    const newest = Math.max(0, ...slots.map((slot) => slot.revision));
    const endMs = performance.now() + limitMs;
    const seen = (): boolean => (this.transitions.at(-1)?.revision ?? 0) >= newest;
    while ((!seen() || this.missing(revision) > 0) && performance.now() < endMs) await delay(LOOK_MS);
    if (!seen()) this.gaps.push(`the history was not followed up to revision ${newest}`);
    return {
      transitions: this.transitions.filter((each) => each.revision <= revision),
      events: this.#logged().filter((each) => each.revision <= revision),
      stored: new Set(slots.flatMap(({ record }) => record.parks.map(({ parkId }) => parkId))),
      excusedUpTo: this.#excusedUpTo,
    };
  }

  /** Transitions up to `revision` whose event was not heard yet; default: of all so far. */
  missing(revision = Infinity): number {
    const heard = new Set(this.#events.map(({ name, revision: at }) => `${name}@${at}`));
    const owed = this.transitions.filter((each) => each.revision > this.#excusedUpTo && each.revision <= revision);
    return owed.filter((each) => !heard.has(`${nameOf(each.slotKey)}@${each.revision}`)).length;
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  /** The events that were heard, in their order. */
  #logged(): readonly LoggedEvent[] {
    const keyOf = new Map(this.transitions.map(({ slotKey }) => [nameOf(slotKey), slotKey]));
    return this.#events.map(({ id, name, revision }) => ({ id, slotKey: keyOf.get(name) ?? name, revision }));
  }

  #saw(event: WatchEvent): void {
    const key = event.kind === 'put' ? event.kv.key : event.key;
    const shard = ownerKeyPartition('slot-shard', key);
    if (shard !== undefined) {
      const revision = event.kind === 'put' ? event.kv.modRevision : event.modRevision;
      this.claims.push({ shard, revision, owned: event.kind === 'put' });
    }
    if (event.kind !== 'put') return;
    const { value, modRevision: revision } = event.kv;
    const [, ofShard, epoch] = JOURNAL.exec(key) ?? [];
    if (epoch !== undefined) this.commits.push({ shard: Number(ofShard), revision, epoch: Number(epoch) });
    if (parseSlotKey(key) !== undefined) this.#sawSlot(key, decodeRecord(value), revision);
  }

  #sawSlot(slotKey: string, { last }: SlotRecord, revision: number): void {
    const { requestId = '', parkId = '', kind = TransitionKind.UNSPECIFIED, attempt = 0 } = last ?? {};
    this.transitions.push({ slotKey, revision, requestId, parkId, ends: PARK_ENDS.has(kind) });
    if (RINGS_ON.has(kind)) return;
    this.recalls.push({ parkId, revision, kind: kind === TransitionKind.RECALLED ? 'begun' : 'over', attempt });
  }
}

function nameOf(slotKey: string): string {
  const name = parseSlotKey(slotKey);
  return name === undefined ? slotKey : `${name.tenantId}/${name.lotId}/${name.slot}`;
}
