import { partitionOf } from '../partitions.js';
import { EndpointWorker, type EndpointWorkerDeps } from './endpoint-worker.js';
import type { Endpoints, KnownEndpoint } from './endpoints.js';

export interface DispatcherDeps extends Omit<EndpointWorkerDeps, 'owns'> {
  readonly endpoints: Endpoints;
  readonly owns: (partition: number) => boolean;
}

/**
 * One worker for each enabled endpoint of the partitions that are ours. They share nothing, so that a slow one delays no other.
 *
 *   D1. An endpoint has one worker here at most: the next begins when the one before has ended.
 */
export class Dispatcher {
  readonly #workers = new Map<string, { readonly revision: number; readonly worker: EndpointWorker }>();
  readonly #partitions = new Set<number>();
  #turn: Promise<void> = Promise.resolve();

  constructor(private readonly deps: DispatcherDeps) {}

  /** How many endpoints are delivered to. */
  get size(): number {
    return this.#workers.size;
  }

  add(partition: number): void {
    this.#partitions.add(partition);
    void this.settle();
  }

  /** Resolves when nothing of the partition is under way any more. */
  remove(partition: number): Promise<void> {
    this.#partitions.delete(partition);
    return this.settle();
  }

  /** Begins and ends workers so that there are those there should be. */
  settle(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#settle());
    return this.#turn;
  }

  close(): Promise<void> {
    this.#partitions.clear();
    return this.settle();
  }

  async #settle(): Promise<void> {
    const wanted = new Map<string, KnownEndpoint>();
    for (const known of this.deps.endpoints.all()) {
      const { tenant, id } = known.name;
      if (known.endpoint.enabled && this.#partitions.has(partitionOf(tenant))) wanted.set(`${tenant} ${id}`, known);
    }
    const over = [...this.#workers].filter(([id, { revision }]) => wanted.get(id)?.revision !== revision);
    await Promise.all(over.map(([, { worker }]) => worker.stop()));
    for (const [id] of over) this.#workers.delete(id);
    for (const [id, { name, endpoint, revision }] of wanted) {
      if (this.#workers.has(id)) continue;
      const partition = partitionOf(name.tenant);
      const owns = (): boolean => this.deps.owns(partition);
      const worker = new EndpointWorker(name, endpoint, { ...this.deps, owns });
      this.#workers.set(id, { revision, worker });
      worker.start();
    }
  }
}
