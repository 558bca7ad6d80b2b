import type { BoardProblem } from '../wire.js';
import { retryDelayMs } from './backoff.js';
import { problemFrom } from './problem.js';
import { type BoardEvent, readEvents } from './read-events.js';

export type ConnectionState = 'connecting' | 'live' | 'lost';

export interface ConnectionListener {
  readonly event: (event: BoardEvent) => void;
  readonly state: (state: ConnectionState) => void;
  /** The gateway does not let in: nothing is tried any more. */
  readonly refused: (problem: BoardProblem) => void;
}

/** The gateway says something at least every 15 s; who hears nothing for longer has lost it. */
const SILENT_MS = 40_000;

/**
 * The one stream the board lives on.
 *
 *   C1. It is opened again, after a pause that grows, until `close` or a refusal; then it goes on after the last event it had.
 *   C2. Nothing is told after `close`.
 */
export class Connection {
  readonly #stop = new AbortController();
  #lastId = '';

  constructor(
    private readonly tenantId: string,
    private readonly token: string,
    private readonly listener: ConnectionListener,
  ) {
    void this.#run();
  }

  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt++) {
      this.listener.state(attempt === 1 && this.#lastId === '' ? 'connecting' : 'lost');
      const heard = await this.#once().catch(() => false);
      if (this.#closed()) return;
      if (heard) attempt = 0;
      this.listener.state('lost');
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs(attempt + 1, Math.random())));
    }
  }

  /** Whether anything was heard. */
  async #once(): Promise<boolean> {
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, silence.signal]);
    let timer = setTimeout(() => silence.abort(), SILENT_MS);
    let heard = false;
    try {
      const response = await fetch(streamUrl(this.tenantId), { headers: this.#headers(), signal, cache: 'no-store' });
      if (!response.ok || response.body === null) {
        const problem = await problemFrom(response);
        if (isFinal(problem.status)) this.#refused(problem);
        return false;
      }
      const onEvent = (event: BoardEvent): void => {
        if (this.#closed()) return;
        heard = true;
        if (event.name === 'refused' && isFinal(event.data.status)) return this.#refused(event.data);
        if (event.id !== '') this.#lastId = event.id;
        if (event.name === 'hello') this.listener.state('live');
        this.listener.event(event);
      };
      await readEvents(response.body, onEvent, () => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENT_MS);
      });
    } catch {
      // The network, or the silence: tried again.
    } finally {
      clearTimeout(timer);
    }
    return heard;
  }

  #headers(): Record<string, string> {
    return {
      accept: 'text/event-stream',
      ...(this.token === '' ? {} : { authorization: `Bearer ${this.token}` }),
      ...(this.#lastId === '' ? {} : { 'last-event-id': this.#lastId }),
    };
  }

  #refused(problem: BoardProblem): void {
    this.#stop.abort();
    this.listener.refused(problem);
  }

  /** Asked after an `await`. */
  #closed(): boolean {
    return this.#stop.signal.aborted;
  }
}

function streamUrl(tenantId: string): string {
  return `stream${tenantId === '' ? '' : `?tenant=${encodeURIComponent(tenantId)}`}`;
}

/** Trying again with the same token and tenant would change nothing. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
