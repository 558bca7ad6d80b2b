import type { Clock } from '@parkade/clock';
import { sleep } from '@parkade/clock';
import { connect, type NatsConnection, type ObjectStore } from 'nats';
import { BusError } from '../bus.js';
import { parseNatsAddress } from '../open-bus.js';
import { connectionOptions, type NatsOptions } from './options.js';

/** How long a file may take to be written, read or deleted, in ms. */
const TIMEOUT_MS = 10_000;

export interface NatsObjectsDeps {
  readonly clock: Clock;
  /** What the address does not say. */
  readonly nats?: Omit<Partial<NatsOptions>, 'servers'> | undefined;
}

/**
 * Files in a bucket of NATS' Object Store, by name: several processes share them.
 *
 *   O1. Connected is at the first use, and anew at the next one after a connection was lost. Nothing is held back: what cannot be
 *       done now rejects with a `BusError`, after 10 s at the latest.
 *   O2. What is read is what was put: the store checks the SHA-256.
 */
export class NatsObjects {
  readonly #options: NatsOptions;
  #open: Promise<Opened> | undefined;
  #closed = false;

  /** `address` as for `openBus`; throws where it is malformed. */
  constructor(
    address: string,
    private readonly bucket: string,
    private readonly deps: NatsObjectsDeps,
  ) {
    this.#options = { ...parseNatsAddress(address), ...deps.nats };
  }

  /** Replaces what there is, as a whole. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#with((objects) => objects.putBlob({ name }, bytes));
  }

  /** Undefined: there is nothing of this name. */
  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#with(async (objects) => {
      const info = await objects.info(name);
      if (info === null || info.deleted) return undefined;
      return (await objects.getBlob(name)) ?? undefined;
    });
  }

  /** Nothing there is not an error. */
  async delete(name: string): Promise<void> {
    await this.#with(async (objects) => {
      const info = await objects.info(name);
      if (info !== null && !info.deleted) await objects.delete(name);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opened = await this.#open?.catch(() => undefined);
    await opened?.connection.close();
  }

  async #with<T>(work: (objects: ObjectStore) => Promise<T>): Promise<T> {
    if (this.#closed) throw new BusError('closed', 'the store of files is closed');
    const over = new AbortController();
    const late = sleep(this.deps.clock, TIMEOUT_MS, over.signal).then(() => {
      throw new BusError('timeout', `no answer from the store of files within ${TIMEOUT_MS} ms`);
    });
    try {
      const task = this.#opened().then(({ objects }) => work(objects));
      // The loser of the race is heard by nobody.
      task.catch(() => undefined);
      late.catch(() => undefined);
      return await Promise.race([task, late]);
    } catch (error) {
      if (error instanceof BusError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new BusError('unavailable', `the store of files does not answer: ${message}`);
    } finally {
      over.abort();
    }
  }

  #opened(): Promise<Opened> {
    this.#open ??= this.#connect().catch((error: unknown) => {
      this.#open = undefined;
      throw error;
    });
    return this.#open;
  }

  async #connect(): Promise<Opened> {
    const connection = await connect(connectionOptions(this.#options));
    void connection.closed().then(() => (this.#open = undefined));
    try {
      const { replicas = 1 } = this.#options;
      return { connection, objects: await connection.jetstream().views.os(this.bucket, { replicas }) };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

interface Opened {
  readonly connection: NatsConnection;
  readonly objects: ObjectStore;
}
