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
 *   W2. A leg is told of as answered once, and of its end once; then it is forgotten.
 */
export class LegWatch {
  readonly #legs = new Map<string, { readonly ref: LegRef; answered: boolean }>();
  readonly #stop = new AbortController();
  #stream: ClientReadableStream<WatchLegsResponse> | undefined;
  #running = false;

  constructor(
    private readonly node: string,
    private readonly clients: NodeClients,
    private readonly clock: Clock,
    private readonly tell: (legId: string, news: Happening) => void,
  ) {}

  add(ref: LegRef): void {
    if (!this.#legs.has(ref.legId)) this.#legs.set(ref.legId, { ref, answered: false });
    if (!this.#running) void this.#run();
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
        if (legId === '') return void this.#lookAtAll();
        const happening = fromNews(news);
        if (happening !== undefined) this.news(legId, happening);
        if (this.#legs.size === 0) stream.cancel();
      });
      stream.on('error', () => resolve());
      stream.on('end', () => resolve());
    });
  }

  async #lookAtAll(): Promise<void> {
    for (const { ref, answered } of [...this.#legs.values()]) {
      const { legId, parkId } = ref;
      const request = { leg: { mediaNode: this.node, legId, parkId } };
      try {
        const answer = await this.clients.call(this.node, 'getLeg', request, LOOK_LIMIT_MS);
        const fact = fromState(answer.state);
        if (fact === 'answered') this.news(legId, 'answered');
        // One that has just been asked for may not be there yet: then its ring will tell.
        else if (fact === 'missing' && answered) this.news(legId, 'hung-up');
      } catch {
        // The owner is gone again: the next stream asks anew.
      }
    }
  }
}
