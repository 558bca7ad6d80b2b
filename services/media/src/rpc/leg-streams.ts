import type { ServerWritableStream } from '@grpc/grpc-js';
import { LegNews, type WatchLegsRequest, type WatchLegsResponse } from '@parkade/proto';
import type { Happening } from '../legs/types.js';
import { notHere, toNews } from './wire.js';

type Stream = ServerWritableStream<WatchLegsRequest, WatchLegsResponse>;

const MAX_STREAMS = 256;

/**
 * Who is told of legs, by node. News is not kept: whoever comes, or comes back, asks how his legs stand.
 */
export class LegStreams {
  readonly #streams = new Map<string, Set<Stream>>();
  #count = 0;

  /** Serves `WatchLegs` where `isOurs`. */
  open(stream: Stream, isOurs: (node: string) => boolean): void {
    const { mediaNode } = stream.request;
    if (!isOurs(mediaNode) || this.#count >= MAX_STREAMS) {
      stream.emit('error', notHere(mediaNode).toServiceError());
      return;
    }
    const streams = this.#streams.get(mediaNode) ?? new Set();
    this.#streams.set(mediaNode, streams.add(stream));
    this.#count++;
    stream.once('close', () => {
      if (streams.delete(stream)) this.#count--;
    });
    stream.on('error', () => undefined);
    stream.write({ legId: '', news: LegNews.UNSPECIFIED });
  }

  tell(node: string, legId: string, news: Happening): void {
    for (const stream of this.#streams.get(node) ?? []) stream.write({ legId, news: toNews(news) });
  }

  /** The node is not ours any more: its watchers go to its next owner. */
  end(node: string): void {
    const streams = this.#streams.get(node);
    this.#streams.delete(node);
    for (const stream of streams ?? []) stream.end();
  }

  endAll(): void {
    for (const node of [...this.#streams.keys()]) this.end(node);
  }
}
