import { connectivityState, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import {
  type ListOwnedRequest,
  type ListOwnedResponse,
  SlotShardServiceClient,
  SlotShardServiceService,
  type FollowShardRequest,
} from '@parkade/proto';
import { INNER_CHANNEL_OPTIONS, type PeerChannel } from '@parkade/rpc';
import { type OwnerAnswer, readAnswers } from './owner-answer.js';
import type { ExchangeHandlers, FollowHandlers, OwnerChannel, OwnerTransport } from './owner-transport.js';

/** A shard's snapshot comes in batches, a list in one message: either may be longer than a command. */
const MAX_OWNER_MESSAGE_BYTES = 64 * 1024 * 1024;

export interface GrpcOwnerTransportConfig {
  readonly connectTimeoutMs: number;
}

/** Reaches owners by gRPC. */
export class GrpcOwnerTransport implements OwnerTransport {
  constructor(
    private readonly config: GrpcOwnerTransportConfig,
    private readonly clock: Clock,
    private readonly peers: PeerChannel,
  ) {}

  connect(address: string): OwnerChannel {
    const client = new SlotShardServiceClient(address, this.peers.credentials, {
      ...INNER_CHANNEL_OPTIONS,
      'grpc.max_receive_message_length': MAX_OWNER_MESSAGE_BYTES,
      // An owner that comes back is reached soon: our own retries are bounded by their callers' deadlines.
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      ...this.peers.options,
    });
    return new GrpcOwnerChannel(client, this.config.connectTimeoutMs, this.clock);
  }
}

class GrpcOwnerChannel implements OwnerChannel {
  readonly #client: SlotShardServiceClient;
  readonly #connectTimeoutMs: number;
  readonly #clock: Clock;

  constructor(client: SlotShardServiceClient, connectTimeoutMs: number, clock: Clock) {
    this.#client = client;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#clock = clock;
  }

  exchange(handlers: ExchangeHandlers): () => void {
    let told = true;
    let cancel = (): void => undefined;
    const closed = (cause: string): void => {
      if (told) handlers.closed(cause);
      told = false;
    };
    this.#whenConnected((failure) => {
      if (!told) return;
      if (failure !== undefined) return closed(failure);
      const { path } = SlotShardServiceService.exchange;
      const stream = this.#client.makeBidiStreamRequest(path, asBuffer, readAnswers);
      cancel = () => stream.cancel();
      stream.on('data', (answers: readonly OwnerAnswer[]) => {
        if (told) handlers.answers(answers);
      });
      stream.on('error', (error: ServiceError) => closed(error.message));
      stream.on('end', () => {
        closed('the owner ended the stream');
        stream.cancel();
      });
      handlers.opened(stream);
    });
    return () => {
      told = false;
      cancel();
    };
  }

  follow(request: FollowShardRequest, handlers: FollowHandlers): () => void {
    let told = true;
    const stream = this.#client.followShard(request);
    const closed = (cause: string): void => {
      if (told) handlers.closed(cause);
      told = false;
    };
    stream.on('data', (response: Parameters<FollowHandlers['response']>[0]) => {
      if (told) handlers.response(response);
    });
    stream.on('error', (error: ServiceError) => closed(error.message));
    stream.on('end', () => closed('the owner ended the stream'));
    return () => {
      told = false;
      stream.cancel();
    };
  }

  list(request: ListOwnedRequest, timeoutMs: number): Promise<ListOwnedResponse> {
    return new Promise((resolve, reject) => {
      const call = this.#client.listOwned(request, (error, response) => {
        timer.cancel();
        if (error === null) resolve(response);
        else reject(error);
      });
      const timer = this.#clock.setTimer(timeoutMs, () => call.cancel());
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Tells undefined once the peer is reached, else why not: refused, or not within the connect time-out. */
  #whenConnected(done: (failure: string | undefined) => void): void {
    const channel = this.#client.getChannel();
    const timer = this.#clock.setTimer(this.#connectTimeoutMs, () => finish('no connection in time'));
    let finished = false;
    const finish = (failure: string | undefined): void => {
      if (finished) return;
      finished = true;
      timer.cancel();
      done(failure);
    };
    const look = (): void => {
      if (finished) return;
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return finish(undefined);
      if (state === connectivityState.SHUTDOWN) return finish('the channel is closed');
      if (state === connectivityState.TRANSIENT_FAILURE) return finish('the connection is refused');
      channel.watchConnectivityState(state, Infinity, look);
    };
    try {
      look();
    } catch (error) {
      finish(String(error));
    }
  }
}

/** What is encoded already, as grpc-js wants it. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
