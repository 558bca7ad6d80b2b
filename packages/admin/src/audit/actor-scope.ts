import { AsyncLocalStorage } from 'node:async_hooks';

/** Who asks for a change through an API. */
export interface ChangeBy {
  /** The token's subject. */
  readonly principal: string;
  /** The address the request came from. */
  readonly peer: string;
  /** What was asked for: an RPC, or an operation of the REST API. */
  readonly operation: string;
  /** Empty: it has none. */
  readonly requestId: string;
}

/**
 * Who asks for what is being done. Said once where a request comes in, and known where the store is written, so that no way of
 * writing between the two can forget it.
 *
 *   A1. While no change is under way nothing follows promises through the process: that would cost every other request.
 */
export class ActorScope {
  readonly #storage = new AsyncLocalStorage<ChangeBy>();
  #underWay = 0;

  /** Rejects as `work` does. */
  async run<T>(by: ChangeBy, work: () => Promise<T> | T): Promise<T> {
    this.#underWay++;
    try {
      return await this.#storage.run(by, async () => await work());
    } finally {
      if (--this.#underWay === 0) this.#storage.disable();
    }
  }

  /** Undefined: nobody asked, the cluster does it by itself. */
  current(): ChangeBy | undefined {
    return this.#storage.getStore();
  }
}
