import type { Bus } from '@parkade/bus';
import { type Clock, sleep } from '@parkade/clock';
import { decodeToken, keys } from '@parkade/ids';
import { encodeMessage } from '@parkade/presence';
import { auditSubject, outboxRecord } from '@parkade/records';
import { type KeyValue, prefixRange, type Store, type Watch } from '@parkade/store';

const RETRY_MS = 1_000;
const ROUND_MS = 30_000;
const AT_ONCE = 256;

export interface OutboxMoverDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Whether this process moves the records of a tenant. */
  readonly owns: (tenantId: string) => boolean;
  readonly onTrouble: (error: unknown) => void;
  readonly onMoved: (count: number) => void;
}

/**
 * Moves audit records from the store, where they were written with their changes, to the bus.
 *
 *   M1. A record is deleted only when the bus has it; moved twice it stands there once, as it has one subject.
 *   M2. What is in the store is looked for at each change there, and every half minute in any case.
 */
export class OutboxMover {
  readonly #stop = new AbortController();
  #pause = new AbortController();
  #changed = false;
  #watching: Watch | undefined;

  constructor(private readonly deps: OutboxMoverDeps) {}

  /** Something may be there that was not, or be ours that was not. */
  look(): void {
    this.#changed = true;
    this.#pause.abort();
  }

  /** Resolves when closed. */
  async run(): Promise<void> {
    const { clock, onTrouble } = this.deps;
    this.#watch(await this.#revision());
    while (!this.#stop.signal.aborted) {
      this.#changed = false;
      try {
        await this.#round();
        this.#pause = new AbortController();
        if (!this.#isChanged()) await sleep(clock, ROUND_MS, this.#pause.signal);
      } catch (error) {
        onTrouble(error);
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
    this.#watching?.close();
  }

  close(): void {
    this.#stop.abort();
    this.#pause.abort();
  }

  /** Hears of what is new after a revision. */
  #watch(revision: number): void {
    this.#watching = this.deps.store.watch(prefixRange(keys.audit), revision + 1, {
      events: () => this.look(),
      compacted: (compactRevision) => {
        this.#watch(compactRevision);
        this.look();
      },
    });
  }

  async #round(): Promise<void> {
    const { store, owns } = this.deps;
    let { start } = prefixRange(keys.audit);
    const { end } = prefixRange(keys.audit);
    for (let more = true; more && !this.#stop.signal.aborted;) {
      const found = await store.range({ start, end }, { limit: AT_ONCE });
      const own = found.kvs.filter(({ key }) => owns(tenantOf(key)));
      await Promise.all(own.map((kv) => this.#move(kv)));
      more = found.more;
      start = `${found.kvs.at(-1)?.key ?? start}\0`;
    }
  }

  async #move(kv: KeyValue): Promise<void> {
    const { store, bus, onMoved } = this.deps;
    const record = outboxRecord(kv);
    if (record !== undefined) {
      await bus.publishLast(auditSubject(record.tenant, record.id), encodeMessage(record), { version: 1 });
      onMoved(1);
    }
    await store.txn({ compare: [], success: [{ kind: 'delete', range: { start: kv.key } }] });
  }

  async #revision(): Promise<number> {
    const { store, clock, onTrouble } = this.deps;
    for (;;) {
      try {
        return (await store.range(prefixRange(keys.audit), { limit: 1, keysOnly: true })).revision;
      } catch (error) {
        if (this.#stop.signal.aborted) return 0;
        onTrouble(error);
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
  }

  #isChanged(): boolean {
    return this.#changed;
  }
}

function tenantOf(key: string): string {
  return decodeToken(key.slice(keys.audit.length).split('/', 1)[0] ?? '') ?? '';
}
