import { sleep, type Timeouts } from '@parkade/clock';
import { connect } from 'nats';
import type { NatsBusDeps, NatsOptions } from './options.js';
import { connectionOptions } from './options.js';
import { NatsSession } from './session.js';

/** The pause before another try grows from the first to the second, in milliseconds. */
const RETRY_MS = { first: 100, most: 2_000 };

/**
 * Keeps one session with a server for as long as it is not closed: whenever it ends, another is made.
 *
 *   K1. It never gives up, and pauses between tries with jitter, at most 2 s.
 *   K2. `onSession` is called once a session; the next session is begun only after the last one has ended.
 */
export class NatsConnector {
  #session: NatsSession | undefined;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    private readonly options: NatsOptions,
    private readonly deps: NatsBusDeps,
    private readonly timeouts: Timeouts,
    private readonly onSession: (session: NatsSession) => Promise<void>,
  ) {
    this.#done = this.#run();
  }

  /** The session that is open now. */
  get session(): NatsSession | undefined {
    return this.#session?.over === true ? undefined : this.#session;
  }

  #isClosed(): boolean {
    return this.#stop.signal.aborted;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#session?.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    let pauseMs = RETRY_MS.first;
    while (!this.#isClosed()) {
      const session = await this.#open();
      if (session !== undefined) {
        pauseMs = RETRY_MS.first;
        this.#session = session;
        if (this.#isClosed()) await session.close();
        else await this.onSession(session);
        await session.ended;
        this.#session = undefined;
      }
      await sleep(this.deps.clock, pauseMs * (0.5 + this.deps.random.next()), this.#stop.signal);
      pauseMs = Math.min(RETRY_MS.most / 1.5, pauseMs * 2);
    }
  }

  async #open(): Promise<NatsSession | undefined> {
    try {
      return await NatsSession.on(await connect(connectionOptions(this.options)), this.deps.clock, this.timeouts);
    } catch (error) {
      this.deps.onFault?.('connecting to the bus', error);
      return undefined;
    }
  }
}
