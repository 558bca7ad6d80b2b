import type { ClientReadableStream } from '@grpc/grpc-js';
import { type Clock, sleep } from '@parkade/clock';
import type { WatchLegsResponse } from '@parkade/proto';
import type { NodeClients } from '../rpc/node-clients.js';
import { fromNews, fromState } from '../rpc/wire.js';
import type { Happening, LegRef } from './types.js';

const RETRY_MS = 200;
const LOOK_LIMIT_MS = 5_000;

/**
 * The legs of one node that somebody here waits for.
 *
 *   W1. What is told while no stream is open is found out when one is: every leg waited for is asked for then.
 *   W2. A leg is asked for once a stream is open, so that nothing of it is missed; one that the node was asked for and does not
 *       know has failed.
 *   W3. A leg is told of as answered once, and of its end once; then it is forgotten.
 */
export class LegWatch {
  readonly #legs = new Map<string, { readonly ref: LegRef; answered: boolean; asked: boolean }>();
  readonly #opened = new Set<() => void>();
  readonly #stop = new AbortController();
  #stream: ClientReadableStream<WatchLegsResponse> | undefined;
  #running = false;
  #isOpen = false;

  constructor(
    private readonly node: string,
    private readonly clients: NodeClients,
    private readonly clock: Clock,
    private readonly tell: (legId: string, news: Happening) => void,
  ) {}

  add(ref: LegRef): void {
    if (!this.#legs.has(ref.legId)) this.#legs.set(ref.legId, { ref, answered: false, asked: false });
    if (!this.#running) void this.#run();
  }

  /** Resolves when a stream is open, or at the latest after `limitMs`. */
  async open(limitMs: number): Promise<void> {
    if (this.#isOpen) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#opened.delete(done);
        limit.cancel();
        resolve();
      };
      const limit = this.clock.setTimer(limitMs, done);
      this.#opened.add(done);
    });
  }

  /** The node has been asked to ring it. */
  asked(legId: string): void {
    const leg = this.#legs.get(legId);
    if (leg !== undefined) leg.asked = true;
  }

  /** Nothing more is told of it. */
  forget(legId: string): void {
    this.#legs.delete(legId);
  }

  news(legId: string, news: Happening): void {
    const leg = this.#legs.get(legId);
    if (leg === undefined) return;
    if (news === 'answered') {
      if (leg.answered) return;
      leg.answered = true;
    } else this.#legs.delete(legId);
    this.tell(legId, news);
  }

  close(): void {
    this.#stop.abort();
    this.#legs.clear();
    this.#stream?.cancel();
  }

  /** Streams while there is a leg to hear of. */
  async #run(): Promise<void> {
    this.#running = true;
    while (this.#legs.size > 0 && !this.#stop.signal.aborted) {
      await this.#once();
      await sleep(this.clock, RETRY_MS, this.#stop.signal);
    }
    this.#running = false;
  }

  #once(): Promise<void> {
    const client = this.clients.client(this.node);
    if (client === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const stream = client.watchLegs({ mediaNode: this.node });
      this.#stream = stream;
      stream.on('data', ({ legId, news }: WatchLegsResponse) => {
        if (legId === '') {
          this.#isOpen = true;
          for (const opened of [...this.#opened]) opened();
          return void this.#lookAtAll();
        }
        const happening = fromNews(news);
        if (happening !== undefined) this.news(legId, happening);
        if (this.#legs.size === 0) end();
      });
      const ended = (): void => {
        this.#isOpen = false;
        resolve();
      };
      const end = (): void => {
        this.#isOpen = false;
        stream.cancel();
      };
      stream.on('error', ended);
      stream.on('end', ended);
    });
  }

  async #lookAtAll(): Promise<void> {
    for (const leg of [...this.#legs.values()]) {
      const { legId, parkId } = leg.ref;
      // As it was before the node was asked: one that is asked for meanwhile may not be there yet.
      const { answered, asked } = leg;
      const request = { leg: { mediaNode: this.node, legId, parkId } };
      try {
        const answer = await this.clients.call(this.node, 'getLeg', request, LOOK_LIMIT_MS);
        const fact = fromState(answer.state);
        if (fact === 'answered') this.news(legId, 'answered');
        else if (fact === 'missing' && answered) this.news(legId, 'hung-up');
        else if (fact === 'missing' && asked) this.news(legId, 'failed');
      } catch {
        // The owner is gone again: the next stream asks anew.
      }
    }
  }
}
