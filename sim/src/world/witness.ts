import {
  type Claim,
  type Commit,
  type LoggedEvent,
  PARK_ENDS,
  type RecallChange,
  RINGS_ON,
  type Transition,
} from '@parkade/checker';
import { keys, ownerKeyPartition, parseSlotKey } from '@parkade/ids';
import { type SlotRecord, TransitionKind } from '@parkade/proto';
import { decodeRecord } from '@parkade/slots';
import { prefixRange, type Store, type Txn, type Watch, type WatchEvent } from '@parkade/store';

const ROLE = 'slot-shard';

/**
 * A line of an event, by its id: the slot's key and the revision. To parse all of each line took a tenth of a seed. What did not
 * happen is told as well, under other ids.
 */
const EVENT = /^\{"id":"((\/parkade\/shards\/[^"@]+)@(\d+))"/gm;

/** What the store and the bus can testify of a run, whatever the processes say. */
export class Witness {
  readonly transitions: Transition[] = [];
  readonly events: LoggedEvent[] = [];
  readonly recalls: RecallChange[] = [];
  readonly claims: Claim[] = [];
  /** Under which epoch each was meant to be made. */
  readonly commits: Commit[] = [];
  /** What each request did first: to which call. */
  readonly effects = new Map<string, string>();
  /** Records as they are written, for whoever wants to know more of them. */
  onRecord: (key: string, record: SlotRecord, revision: number) => void = () => undefined;
  readonly #told = new Set<string>();
  readonly #watches: readonly Watch[];

  constructor(store: Store) {
    this.#watches = [keys.shards, keys.owners(ROLE)].map((prefix) =>
      store.watch(prefixRange(prefix), 1, {
        events: (events) => {
          for (const event of events) this.#saw(event);
        },
        compacted: () => {
          throw new Error('the history of the run was compacted');
        },
      }),
    );
  }

  /** A transaction was applied, as its sender meant it. */
  committed({ compare, success }: Txn, revision: number): void {
    if (!success.some((op) => op.kind === 'put' && parseSlotKey(op.key) !== undefined)) return;
    for (const each of compare) {
      const shard = ownerKeyPartition(ROLE, each.key);
      if (shard !== undefined && each.kind === 'mod') this.commits.push({ shard, revision, epoch: each.revision });
    }
  }

  /** The bus has stored a message with events. */
  published(payload: Uint8Array): void {
    for (const [, id = '', slotKey = '', revision = ''] of Buffer.from(payload).toString('latin1').matchAll(EVENT)) {
      this.#told.add(id);
      this.events.push({ id, slotKey, revision: Number(revision) });
    }
  }

  /** Whether every transition has an event. */
  get allTold(): boolean {
    return this.#told.size >= this.transitions.length;
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  #saw(event: WatchEvent): void {
    const { key, modRevision: revision } = event.kind === 'put' ? event.kv : event;
    const shard = ownerKeyPartition(ROLE, key);
    if (shard !== undefined) this.claims.push({ shard, revision, owned: event.kind === 'put' });
    if (event.kind === 'put' && parseSlotKey(key) !== undefined) {
      this.#sawSlot(key, decodeRecord(event.kv.value), revision);
    }
  }

  #sawSlot(slotKey: string, record: SlotRecord, revision: number): void {
    const { requestId = '', parkId = '', kind = TransitionKind.UNSPECIFIED, attempt = 0, call } = record.last ?? {};
    if (!this.effects.has(requestId)) this.effects.set(requestId, call?.callId ?? '');
    this.transitions.push({ slotKey, revision, requestId, parkId, ends: PARK_ENDS.has(kind) });
    if (!RINGS_ON.has(kind)) {
      const happened = kind === TransitionKind.RECALLED ? 'begun' : 'over';
      this.recalls.push({ parkId, revision, kind: happened, attempt });
    }
    this.onRecord(slotKey, record, revision);
  }
}
