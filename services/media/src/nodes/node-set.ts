import type { Acquisition, PartitionHandler } from '@parkade/ownership';
import type { MediaNode } from './media-node.js';
import type { NodeAgent } from './node-agent.js';

export interface NodeSetDeps {
  readonly find: (name: string) => MediaNode | undefined;
  readonly make: (node: MediaNode) => NodeAgent;
  /** Called when a node is not ours any more. */
  readonly lost: (name: string) => void;
}

/**
 * The nodes this process owns.
 *
 *   S1. A node has an agent exactly as long as it is ours; the one that comes next begins by looking at the node.
 */
export class NodeSet implements PartitionHandler<string> {
  readonly #agents = new Map<string, NodeAgent>();

  constructor(private readonly deps: NodeSetDeps) {}

  get(name: string): NodeAgent | undefined {
    return this.#agents.get(name);
  }

  all(): Iterable<NodeAgent> {
    return this.#agents.values();
  }

  /** There is nothing to load: what counts is at the switch. */
  preload(): Promise<void> {
    return Promise.resolve();
  }

  cancelPreload(): void {
    return;
  }

  async acquire(name: string, _epoch: number, how: Acquisition): Promise<void> {
    if (how === 'raised' && this.#agents.has(name)) return;
    const node = this.deps.find(name);
    if (node === undefined) throw new Error(`the media node ${name} is not registered`);
    await this.#end(name);
    const agent = this.deps.make(node);
    this.#agents.set(name, agent);
    agent.start();
  }

  async drain(name: string): Promise<void> {
    await this.#agents.get(name)?.calls.drain();
  }

  undrain(name: string): void {
    this.#agents.get(name)?.calls.undrain();
  }

  handOffOps(): readonly [] {
    return [];
  }

  lost(name: string): void {
    this.deps.lost(name);
    void this.#end(name);
  }

  /** A node's address has changed: its agent is made again. */
  async refresh(): Promise<void> {
    for (const [name, { node }] of [...this.#agents]) {
      const now = this.deps.find(name);
      if (now === undefined || (now.host === node.host && now.port === node.port)) continue;
      await this.#end(name);
      const agent = this.deps.make(now);
      this.#agents.set(name, agent);
      agent.start();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.keys()].map((name) => this.#end(name)));
  }

  async #end(name: string): Promise<void> {
    const agent = this.#agents.get(name);
    this.#agents.delete(name);
    await agent?.close();
  }
}
