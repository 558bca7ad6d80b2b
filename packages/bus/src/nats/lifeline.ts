import { sleep, type Timeouts } from '@parkade/clock';
import { BusError, type BusStatus } from '../bus.js';
import { StatusBoard } from '../status-board.js';
import { NatsConnector } from './connector.js';
import type { Deadline } from './deadline.js';
import type { NatsBusDeps, NatsOptions } from './options.js';
import type { NatsSession } from './session.js';
import type { StreamKeeper } from './stream-keeper.js';

/** How often the streams are looked at while connected, in milliseconds. */
const VERIFY_EVERY_MS = 10_000;
/** The pause before the streams are looked at again after that failed or a loss is suspected, in milliseconds. */
const VERIFY_RETRY_MS = 250;
/** The pause between tries of a call that waits for the bus, in milliseconds. */
const CALL_RETRY_MS = 100;

/**
 * The bus's connection as its calls see it.
 *
 *   C1. A session is `ready` only once its streams have been looked after: nothing is published or read before it is
 *       known which streams were lost.
 *   C2. `connected` is announced when a session becomes ready and taken back when it ends; a loss is announced with it, or
 *       by itself when it is noticed later.
 */
export class Lifeline {
  readonly #status: StatusBoard;
  readonly #connector: NatsConnector;
  #ready: NatsSession | undefined;
  /** Ends the pause until the streams are looked at again. */
  #pause = new AbortController();
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(
    options: NatsOptions,
    private readonly deps: NatsBusDeps,
    timeouts: Timeouts,
    private readonly keeper: StreamKeeper,
    private readonly onReady: (session: NatsSession) => void,
  ) {
    this.#status = new StatusBoard(deps.clock, { connected: false, streamsLost: [] });
    this.#connector = new NatsConnector(options, deps, timeouts, (session) => this.#serve(session));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The session that is ready now; undefined while there is none. */
  get current(): NatsSession | undefined {
    return this.#ready?.over === true ? undefined : this.#ready;
  }

  /** The session that is ready now; throws `unavailable` (or `closed`) while there is none. */
  ready(): NatsSession {
    if (this.#closed) throw new BusError('closed', 'the bus is closed');
    const session = this.current;
    if (session === undefined) throw new BusError('unavailable', 'the bus is away');
    return session;
  }

  /** Any open session, ready or not; throws like `ready`. */
  open(): NatsSession {
    if (this.#closed) throw new BusError('closed', 'the bus is closed');
    const session = this.#connector.session;
    if (session === undefined) throw new BusError('unavailable', 'the bus is away');
    return session;
  }

  /** Tries `task` until it succeeds, is refused as `invalid` or `closed`, or its time is over. */
  async persist<T>(deadline: Deadline, task: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await task();
      } catch (error) {
        if (!(error instanceof BusError) || error.code === 'invalid' || error.code === 'closed') throw error;
        if (deadline.passed(CALL_RETRY_MS)) throw error;
        await this.#soon();
      }
    }
  }

  /** Has the streams looked at soon, because something points to a loss. */
  suspectLoss(): void {
    this.#pause.abort();
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#status.close();
    this.#pause.abort();
    for (const wake of this.#waiting) wake();
    await this.#connector.close();
  }

  /** Resolves when a session has become ready or been closed, or after a short pause. */
  async #soon(): Promise<void> {
    const wake = new AbortController();
    const abort = (): void => wake.abort();
    this.#waiting.add(abort);
    await sleep(this.deps.clock, CALL_RETRY_MS, wake.signal);
    this.#waiting.delete(abort);
  }

  async #serve(session: NatsSession): Promise<void> {
    void session.ended.then(() => this.#pause.abort());
    while (!session.over) {
      this.#pause = new AbortController();
      const verified = await this.#verify(session);
      await sleep(this.deps.clock, verified ? VERIFY_EVERY_MS : VERIFY_RETRY_MS, this.#pause.signal);
      // What ends the pause may do so again and again: not more often than this.
      await Promise.race([session.ended, sleep(this.deps.clock, VERIFY_RETRY_MS)]);
    }
    if (this.#ready !== session) return;
    this.#ready = undefined;
    this.#status.set({ connected: false, streamsLost: [] });
  }

  async #verify(session: NatsSession): Promise<boolean> {
    let streamsLost: readonly string[];
    try {
      streamsLost = await this.keeper.verify(session);
    } catch (error) {
      this.deps.onFault?.('looking after the streams', error);
      return false;
    }
    const first = this.#ready !== session;
    this.#ready = session;
    if (first || streamsLost.length > 0) this.#status.set({ connected: true, streamsLost });
    if (first) {
      this.onReady(session);
      for (const wake of this.#waiting) wake();
    }
    return true;
  }
}
