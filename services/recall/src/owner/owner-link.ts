import { type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { Clock, Timer } from '@parkade/clock';
import {
  type Command,
  type CommandAnswer,
  type ExchangeRequest,
  type ExchangeResponse,
  type FollowShardRequest,
  type FollowShardResponse,
  type ListOwnedRequest,
  type ListOwnedResponse,
  SlotShardServiceClient,
} from '@parkade/proto';
import { BatchWriter, INNER_CHANNEL_OPTIONS, type PeerChannel } from '@parkade/rpc';
import type { RecallLimits } from '../config.js';

/** A command without what the link fills in. */
export type Order = Omit<Command, 'correlationId' | 'timeoutMs'>;

interface Waiting {
  readonly resolve: (answer: CommandAnswer | undefined) => void;
  readonly timer: Timer;
}

/** A snapshot's batches and lists may be longer than a command. */
const MAX_OWNER_MESSAGE_BYTES = 64 * 1024 * 1024;

/**
 * One process that owns slots: its commands on one stream, in batches.
 *
 *   K1. Each `send` resolves once: with its answer, or with undefined when the stream broke, its time is over, or too many wait.
 *   K2. A stream that breaks is opened again by the next command.
 */
export class OwnerLink {
  readonly #client: SlotShardServiceClient;
  readonly #waiting = new Map<number, Waiting>();
  #stream: ClientDuplexStream<ExchangeRequest, ExchangeResponse> | undefined;
  #writer: BatchWriter<Command, ExchangeRequest> | undefined;
  #lastId = 0;
  #closed = false;

  constructor(
    readonly address: string,
    private readonly clock: Clock,
    private readonly limits: RecallLimits,
    peers: PeerChannel,
  ) {
    this.#client = new SlotShardServiceClient(address, peers.credentials, {
      ...INNER_CHANNEL_OPTIONS,
      'grpc.max_receive_message_length': MAX_OWNER_MESSAGE_BYTES,
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      ...peers.options,
    });
  }

  /** Commands without an answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  send(order: Order, timeoutMs: number): Promise<CommandAnswer | undefined> {
    if (this.#closed || this.#waiting.size >= this.limits.maxPerOwner) return Promise.resolve(undefined);
    const correlationId = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(timeoutMs, () => this.#settle(correlationId, undefined));
      this.#waiting.set(correlationId, { resolve, timer });
      this.#open().push({ ...order, correlationId, timeoutMs: Math.max(1, Math.floor(timeoutMs)) });
    });
  }

  /** Follows a shard: responses, then `closed` once. After the returned function was called nothing is told any more. */
  follow(
    request: FollowShardRequest,
    response: (response: FollowShardResponse) => void,
    closed: (cause: string) => void,
  ): () => void {
    let told = true;
    const stream = this.#client.followShard(request);
    const end = (cause: string): void => {
      if (told) closed(cause);
      told = false;
    };
    stream.on('data', (each: FollowShardResponse) => {
      if (told) response(each);
    });
    stream.on('error', (error: ServiceError) => end(error.message));
    stream.on('end', () => end('the owner ended the stream'));
    return () => {
      told = false;
      stream.cancel();
    };
  }

  /** Slots of the shards it owns. Rejects when no answer comes in time. */
  list(request: ListOwnedRequest, timeoutMs: number): Promise<ListOwnedResponse> {
    return new Promise((resolve, reject) => {
      const call = this.#client.listOwned(request, (error, response) => {
        timer.cancel();
        if (error === null) resolve(response);
        else reject(error);
      });
      const timer = this.clock.setTimer(timeoutMs, () => call.cancel());
    });
  }

  close(): void {
    this.#closed = true;
    this.#stream?.cancel();
    this.#broken(this.#stream);
    this.#client.close();
  }

  #open(): BatchWriter<Command, ExchangeRequest> {
    if (this.#writer !== undefined) return this.#writer;
    const stream = this.#client.exchange();
    this.#stream = stream;
    stream.on('data', ({ answers }: ExchangeResponse) => {
      for (const answer of answers) this.#settle(answer.correlationId, answer);
    });
    stream.on('error', () => this.#broken(stream));
    stream.on('end', () => {
      stream.cancel();
      this.#broken(stream);
    });
    this.#writer = new BatchWriter<Command, ExchangeRequest>(
      stream,
      (commands) => ({ commands }),
      this.clock,
      this.limits.maxBatch,
    );
    return this.#writer;
  }

  #broken(stream: unknown): void {
    if (this.#stream !== stream) return;
    this.#writer?.close();
    this.#writer = undefined;
    this.#stream = undefined;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined);
  }

  #settle(id: number, answer: CommandAnswer | undefined): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.timer.cancel();
    waiting.resolve(answer);
  }
}
