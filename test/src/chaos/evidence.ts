import type { LoggedEvent, Transition } from '@parkade/checker';
import { keys, parseSlotKey } from '@parkade/ids';
import { ALL_EVENTS, EVENT_STREAM, parseEvents } from '@parkade/presence';
import { SlotRecord, TransitionKind } from '@parkade/proto';
import { prefixRange, type Watch } from '@parkade/store';
import { storedSlots } from '../support/stored-slots.js';
import type { ChaosCluster } from './chaos-cluster.js';

const ENDS: ReadonlySet<TransitionKind> = new Set([
  TransitionKind.RETRIEVED,
  TransitionKind.RELEASED,
  TransitionKind.ABANDONED,
  TransitionKind.MOVED_OUT,
  TransitionKind.EXPIRED,
]);

/** What the store and the bus can testify of a run. */
export class Evidence {
  readonly transitions: Transition[] = [];
  readonly events: LoggedEvent[] = [];
  readonly #watch: Watch;

  private constructor(private readonly cluster: ChaosCluster) {
    this.#watch = cluster.store.watch(prefixRange(keys.shards), 1, {
      events: (events) => {
        for (const event of events) {
          if (event.kind === 'put') this.#saw(event.kv.key, event.kv.value, event.kv.modRevision);
        }
      },
      compacted: () => {
        throw new Error('the history of the run was compacted');
      },
    });
  }

  static async gather(cluster: ChaosCluster): Promise<Evidence> {
    const evidence = new Evidence(cluster);
    await cluster.bus.ensureStreams([EVENT_STREAM]);
    // As the stream holds them, what comes twice included.
    await cluster.bus.subscribe(ALL_EVENTS, { replay: 'all' }, ({ payload }) => {
      for (const event of parseEvents(payload)) {
        if (event.kind === 'failed') continue;
        const { id, tenant, lot, slot, park_id, revision } = event;
        evidence.#events.push({ id, name: `${tenant}/${lot}/${slot}`, parkId: park_id, revision });
      }
    });
    return evidence;
  }

  readonly #events: { id: string; name: string; parkId: string; revision: number }[] = [];

  /** Resolves when every transition has an event, or after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    const endMs = performance.now() + limitMs;
    const missing = (): boolean => new Set(this.#events.map(({ id }) => id)).size < this.transitions.length;
    while (missing() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 50));
    const keyOf = new Map(this.transitions.map(({ slotKey }) => [nameOf(slotKey), slotKey]));
    for (const { id, name, revision } of this.#events) {
      this.events.push({ id, slotKey: keyOf.get(name) ?? name, revision });
    }
  }

  /** The parks in the store. */
  async stored(): Promise<ReadonlySet<string>> {
    const slots = await storedSlots(this.cluster.store);
    return new Set(slots.flatMap(({ record }) => record.parks.map(({ parkId }) => parkId)));
  }

  close(): void {
    this.#watch.close();
  }

  #saw(key: string, value: Uint8Array, revision: number): void {
    if (parseSlotKey(key) === undefined) return;
    const { last } = SlotRecord.decode(value);
    const { requestId = '', parkId = '', kind = TransitionKind.UNSPECIFIED } = last ?? {};
    this.transitions.push({ slotKey: key, revision, requestId, parkId, ends: ENDS.has(kind) });
  }
}

function nameOf(slotKey: string): string {
  const name = parseSlotKey(slotKey);
  return name === undefined ? slotKey : `${name.tenantId}/${name.lotId}/${name.slot}`;
}
