import type { Clock, Random, Timer } from '@parkade/clock';
import type { IWatchResponse } from 'etcd3';
import { runHandler } from '../run-handler.js';
import type { KeyRange, Watch, WatchEvent, WatchHandlers } from '../store.js';
import type { Calls } from './calls.js';
import { rangeFields, watchEventOf } from './messages.js';
import { CONNECT_TIMEOUT_MS, WATCH_BACKOFF_MS } from './options.js';
import { WatchStream } from './watch-stream.js';

export interface EtcdWatchDeps {
  readonly calls: Calls;
  readonly clock: Clock;
  readonly random: Random;
  readonly heartbeatMs: number;
  /** Called when the watch is over, by `close` or by compaction. */
  readonly over: (watch: EtcdWatch) => void;
}

/**
 * One watch on a stream of its own.
 *
 *   X1. `#next` is the first revision not yet delivered. It rises past a revision only when that whole revision was
 *       delivered, or when etcd's own notification for this watch said that there is nothing up to it. (An answer to a
 *       heartbeat is not such a notification: before 3.4.25 and 3.5.8 it can overtake events.)
 *   X2. A stream starts one revision before `#next` and older events are dropped: etcd serves a watch from exactly the
 *       compacted revision, but may have lost deletions of that revision; from before it, it refuses.
 *   X3. One stream at a time, one pending reconnect at a time; after `close` or compaction there is neither.
 */
export class EtcdWatch implements Watch {
  #next: number;
  #stream: WatchStream | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #up = false;
  #closed = false;

  constructor(
    private readonly range: KeyRange,
    fromRevision: number,
    private readonly handlers: WatchHandlers,
    private readonly deps: EtcdWatchDeps,
  ) {
    this.#next = fromRevision;
    void this.#connect();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.cancel();
    this.#retry?.cancel();
    this.deps.over(this);
  }

  async #connect(): Promise<void> {
    const { calls, clock, heartbeatMs } = this.deps;
    this.#retry = undefined;
    try {
      const { client, metadata, at } = await calls.prepare('Watch', clock.monotonicMs() + CONNECT_TIMEOUT_MS);
      if (this.#closed) return;
      this.#stream = new WatchStream(client.watch(metadata, {}), clock, heartbeatMs, {
        response: (response) => this.#receive(response),
        ended: () => {
          calls.endpoints.failed(at);
          this.#broken();
        },
      });
    } catch {
      this.#broken();
      return;
    }
    // Not fragmented: a message holds whole revisions.
    const start_revision = Math.max(1, this.#next - 1);
    this.#stream.send({ create_request: { ...rangeFields(this.range), start_revision, progress_notify: true } });
  }

  #receive(response: IWatchResponse): void {
    if (Number(response.compact_revision) > 0) {
      this.close();
      runHandler(() => this.handlers.compacted(Number(response.compact_revision)));
      return;
    }
    if (response.canceled) {
      // A stale token shows here as a lack of permission.
      this.deps.calls.forgetToken();
      this.#stream?.cancel();
      this.#broken();
      return;
    }
    if (response.created) {
      this.#failures = 0;
      this.#tell(true);
      return;
    }
    if (response.events.length > 0) this.#deliver(response.events.map(watchEventOf));
    else if (response.watch_id !== HEARTBEAT_ANSWER) this.#next = Math.max(this.#next, revisionAfter(response));
  }

  #deliver(received: readonly WatchEvent[]): void {
    const events = received.filter((event) => revisionOf(event) >= this.#next);
    const last = events.at(-1);
    if (last === undefined) return;
    const revision = revisionOf(last);
    this.#next = revision + 1;
    runHandler(() => this.handlers.events(events, revision));
  }

  /** The stream is gone, or could not be made: try again after a while. */
  #broken(): void {
    if (this.#closed) return;
    this.#stream = undefined;
    this.#tell(false);
    const limitMs = Math.min(WATCH_BACKOFF_MS.last, WATCH_BACKOFF_MS.first * 2 ** Math.min(this.#failures, 16));
    this.#failures++;
    const delayMs = limitMs * (0.5 + this.deps.random.next() / 2);
    this.#retry = this.deps.clock.setTimer(delayMs, () => void this.#connect());
  }

  #tell(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    runHandler(() => this.handlers.connected?.(up));
  }
}

/** The watch id of answers that are not for one watch. */
const HEARTBEAT_ANSWER = '-1';

function revisionAfter(response: IWatchResponse): number {
  return Number(response.header.revision) + 1;
}

function revisionOf(event: WatchEvent): number {
  return event.kind === 'put' ? event.kv.modRevision : event.modRevision;
}
