import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key } from 'lmdb';
import { BusError, type BusMessage } from './bus.js';

/** What a stream's file holds. */
export interface KeptStream {
  readonly identity: string;
  /** The newest sequence there ever was. */
  readonly lastSequence: number;
  /** In order of sequence. */
  readonly messages: readonly { readonly message: BusMessage; readonly storedWallMs: number }[];
}

/** Where one stream is kept. Writes are under way when these return; `BusDirectory.settled` waits for them. */
export interface StreamFile {
  load(): KeptStream | undefined;
  /** Says what the stream is called from now on. */
  begin(identity: string): void;
  put(message: BusMessage, storedWallMs: number): void;
  remove(sequence: number): void;
  wipe(): void;
}

interface Table {
  get(key: Key): unknown;
  put(key: Key, value: unknown): Promise<boolean>;
  remove(key: Key): Promise<boolean>;
  getRange(options: { start: Key; end: Key }): Iterable<{ key: Key; value: unknown }>;
  close(): Promise<void>;
}

type Row = readonly [subject: string, payload: Uint8Array, id: string | null, version: number | null, storedMs: number];

/**
 * The directory an embedded bus keeps its streams in, as one LMDB table: `['s', stream]` its identity and newest sequence,
 * `['m', stream, sequence]` a message. Writes of one turn of the event loop are one transaction, synced to disk.
 */
export class BusDirectory {
  #last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly table: Table) {}

  /** Rejects with `Error` where the directory cannot be used. One process at a time, which its store sees to. */
  static async open(directory: string): Promise<BusDirectory> {
    await mkdir(directory, { recursive: true });
    const { open } = await import('lmdb');
    return new BusDirectory(open({ path: join(directory, 'bus.mdb'), noSubdir: true, overlappingSync: false }));
  }

  /** Resolves when all that was written so far is on the disk; rejects with `unavailable` where it cannot be written. */
  async settled(): Promise<void> {
    try {
      await this.#last;
    } catch (error) {
      throw new BusError('unavailable', 'the disk does not take what is published', { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.table.close();
  }

  stream(name: string): StreamFile {
    const head = ['s', name];
    const at = (sequence: number): Key => ['m', name, sequence];
    const all = { start: at(0), end: at(Number.MAX_SAFE_INTEGER) };
    const { table } = this;
    let identity = '';
    return {
      load: () => {
        const kept = table.get(head) as { identity: string; lastSequence: number } | undefined;
        if (kept === undefined) return undefined;
        ({ identity } = kept);
        const messages = [...table.getRange(all)].map(({ key, value }) =>
          restored(Number((key as Key[])[2]), value as Row),
        );
        return { ...kept, messages };
      },
      begin: (called) => {
        identity = called;
        this.#write(table.put(head, { identity, lastSequence: 0 }));
      },
      put: ({ subject, payload, id, version, sequence }, storedWallMs) => {
        const row: Row = [subject, payload, id ?? null, version ?? null, storedWallMs];
        void table.put(at(sequence), row);
        this.#write(table.put(head, { identity, lastSequence: sequence }));
      },
      remove: (sequence) => this.#write(table.remove(at(sequence))),
      wipe: () => {
        for (const { key } of table.getRange(all)) this.#write(table.remove(key));
      },
    };
  }

  #write(write: Promise<unknown>): void {
    // Of one transaction all resolve together, and transactions in their order: the last stands for all.
    this.#last = write;
    write.catch(() => undefined);
  }
}

function restored(
  sequence: number,
  [subject, payload, id, version, storedWallMs]: Row,
): KeptStream['messages'][number] {
  const bytes = Uint8Array.from(payload);
  const named = id === null ? {} : { id };
  return {
    message: { subject, payload: bytes, ...named, ...(version === null ? {} : { version }), sequence },
    storedWallMs,
  };
}
