import type { FollowShardRequest, FollowShardResponse, ListOwnedRequest, ListOwnedResponse } from '@parkade/proto';
import type { WritableHalf } from '@parkade/rpc';
import type { OwnerAnswer } from './owner-answer.js';

/** How a gateway reaches the processes that own shards. */
export interface OwnerTransport {
  /** A channel to `host:port`. Connects when first used. Never throws. */
  connect(address: string): OwnerChannel;
}

/** One process that owns shards. */
export interface OwnerChannel {
  /**
   * Opens an Exchange stream: `opened` when the peer is reached (before that nothing can have been delivered), then answers,
   * then `closed` once, also when it was never opened. After the returned function was called nothing is told any more.
   */
  exchange(handlers: ExchangeHandlers): () => void;
  /** Follows a shard: responses, then `closed` once. After the returned function was called nothing is told any more. */
  follow(request: FollowShardRequest, handlers: FollowHandlers): () => void;
  /** Lists slots. Rejects when no answer comes within `timeoutMs`. */
  list(request: ListOwnedRequest, timeoutMs: number): Promise<ListOwnedResponse>;
  /** Ends everything; handlers hear `closed`. Idempotent. */
  close(): void;
}

export interface ExchangeHandlers {
  /** `stream` takes encoded `ExchangeRequest`s. */
  opened(stream: WritableHalf<Uint8Array>): void;
  answers(answers: readonly OwnerAnswer[]): void;
  closed(cause: string): void;
}

export interface FollowHandlers {
  response(response: FollowShardResponse): void;
  closed(cause: string): void;
}
