import { join } from 'node:path';
import type { Clock } from '@parkade/clock';
import { open, type RootDatabase } from 'lmdb';
import type { KeyValue, Lease, StoreError } from '../store.js';
import { lockDirectory } from './directory-lock.js';
import {
  decodeKeyValue,
  decodeLease,
  decodeMeta,
  encodeKeyValue,
  encodeLease,
  encodeMeta,
  keyRecordKey,
  leaseRecordKey,
  META_KEY,
  parseRecordKey,
  type Meta,
} from './disk-format.js';
import type { Durability, Restored } from './durability.js';
import { GroupCommit, type Batch } from './group-commit.js';
import type { Version } from './history.js';

type Table = RootDatabase<Buffer, Buffer>;

/**
 * The directory an embedded store keeps its keys, leases and counters in, as one LMDB table.
 *
 *   P1. A batch is one LMDB transaction, synced to disk before it counts as written; it holds whole revisions only.
 *   P2. The revision and the last lease id are written in the batch that reaches them, so neither is given out twice.
 *   P3. One process at a time has it open.
 */
export class DataDirectory implements Durability {
  onDurable: (revision: number) => void = () => undefined;
  readonly #commits: GroupCommit;
  #meta: Meta;

  private constructor(
    clock: Clock,
    private readonly table: Table,
    private readonly unlock: () => Promise<void>,
    meta: Meta,
  ) {
    this.#meta = { revision: meta.revision, lastLeaseId: meta.lastLeaseId };
    this.#commits = new GroupCommit(
      clock,
      (batch) => write(table, batch),
      (batch) => this.#seal(batch),
    );
  }

  /** Throws `StoreError('unavailable')` where another process has it open, `Error` where it cannot be read. */
  static async open(directory: string, clock: Clock): Promise<{ durability: DataDirectory; restored: Restored }> {
    const unlock = await lockDirectory(directory);
    try {
      const table = open<Buffer, Buffer>(join(directory, 'store.mdb'), {
        noSubdir: true,
        encoding: 'binary',
        keyEncoding: 'binary',
        // Without it a write's promise waits for the sync to disk, which is what we promise to our callers.
        overlappingSync: false,
      });
      const restored = read(table);
      return { durability: new DataDirectory(clock, table, unlock, restored), restored };
    } catch (error: unknown) {
      await unlock();
      throw error;
    }
  }

  get settled(): boolean {
    return this.#commits.settled;
  }

  get refusal(): StoreError | undefined {
    return this.#commits.refusal;
  }

  revision(revision: number, versions: readonly Version[]): void {
    this.#meta = { ...this.#meta, revision };
    for (const { key, kv } of versions) {
      this.#commits.add(keyRecordKey(key), kv === undefined ? undefined : encodeKeyValue(kv));
    }
  }

  leaseGranted(lease: Lease, lastLeaseId: number): void {
    this.#meta = { ...this.#meta, lastLeaseId };
    this.#commits.add(leaseRecordKey(lease.id), encodeLease(lease));
  }

  leaseRemoved(leaseId: string): void {
    this.#commits.add(leaseRecordKey(leaseId), undefined);
  }

  settle(timeoutMs: number, wrote: boolean): Promise<void> {
    return this.#commits.settle(timeoutMs, wrote);
  }

  async close(): Promise<void> {
    await this.#commits.drain();
    await this.table.close();
    await this.unlock();
  }

  #seal(batch: Batch): () => void {
    const { revision } = this.#meta;
    batch.set(META_KEY.toString('latin1'), encodeMeta(this.#meta));
    return () => this.onDurable(revision);
  }
}

async function write(table: Table, batch: Batch): Promise<void> {
  await table.batch(() => {
    for (const [name, record] of batch) {
      const recordKey = Buffer.from(name, 'latin1');
      if (record === undefined) void table.remove(recordKey);
      else void table.put(recordKey, record);
    }
  });
}

function read(table: Table): Restored {
  const metaRecord = table.get(META_KEY);
  if (metaRecord === undefined) return { revision: 1, lastLeaseId: 0, leases: [], kvs: [] };
  const meta = decodeMeta(metaRecord);
  const kvs: KeyValue[] = [];
  const leases: Lease[] = [];
  for (const { key, value } of table.getRange()) {
    const { kind, name } = parseRecordKey(key);
    if (kind === 'k') kvs.push(decodeKeyValue(name, value));
    else if (kind === 'l') leases.push(decodeLease(name, value));
  }
  return { ...meta, leases, kvs };
}
