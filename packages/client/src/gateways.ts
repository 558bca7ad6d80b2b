import { type CallOptions, type ChannelCredentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Clock, type Random, sleep } from '@parkade/clock';
import { ParkServiceClient } from '@parkade/proto';
import { CHANNEL_OPTIONS } from '@parkade/rpc';
import { ParkadeError } from './parkade-error.js';

export interface GatewaysConfig {
  /** `host:port` each. */
  readonly addresses: readonly string[];
  readonly credentials: ChannelCredentials;
  /** The bearer token, asked for before each attempt. */
  readonly token: (() => string | Promise<string>) | undefined;
  readonly timeoutMs: number;
  /** One attempt takes this long at most: a gateway that says nothing is given up for the next. */
  readonly attemptMs: number;
}

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => { cancel(): void };

/** Between two attempts: doubles from the first to the last, half of it random. */
const FIRST_PAUSE_MS = 25;
const LAST_PAUSE_MS = 500;

/**
 * The gateways of a cluster, any of which serves any call.
 *
 *   G1. A request is sent again only where it was not refused for good, always as it was, by turns to each gateway.
 *   G2. It ends by its timeout, whatever the gateways do.
 *   G3. What was answered by a gateway is stayed with; what failed at one goes to the next.
 */
export class Gateways {
  readonly #clients: readonly ParkServiceClient[];
  #at: number;

  constructor(
    private readonly config: GatewaysConfig,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.#clients = config.addresses.map(
      (address) => new ParkServiceClient(address, config.credentials, CHANNEL_OPTIONS),
    );
    // Clients of one kind do not all begin at the same gateway.
    this.#at = Math.floor(random.next() * this.#clients.length);
  }

  /** The gateway that is asked now. */
  get client(): ParkServiceClient {
    const client = this.#clients[this.#at % this.#clients.length];
    if (client === undefined) throw new ParkadeError(undefined, 'INVALID_ARGUMENT', 'There is no gateway address.');
    return client;
  }

  /** Goes on at the next gateway. */
  next(): void {
    this.#at = (this.#at + 1) % this.#clients.length;
  }

  /** Calls until it is answered, refused for good, aborted, or its time is over. */
  async call<Request, Response>(
    rpc: (client: ParkServiceClient) => Unary<Request, Response>,
    request: Request,
    { timeoutMs = this.config.timeoutMs, signal }: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<Response> {
    const endMs = this.clock.monotonicMs() + timeoutMs;
    for (let attempt = 0; ; attempt++) {
      const leftMs = endMs - this.clock.monotonicMs();
      const { client } = this;
      try {
        const metadata = await this.metadata();
        return await once(rpc(client), request, metadata, Math.min(leftMs, this.config.attemptMs), signal);
      } catch (error) {
        const failure = ParkadeError.of(error);
        const pauseMs = pause(attempt, this.random);
        if (!failure.again || signal?.aborted === true || this.clock.monotonicMs() + pauseMs >= endMs) throw failure;
        if (client === this.client) this.next();
        await sleep(this.clock, pauseMs, signal);
      }
    }
  }

  /** What goes with each attempt. */
  async metadata(): Promise<Metadata> {
    const metadata = new Metadata();
    const token = await this.config.token?.();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  }

  /** How long to wait after so many failures in a row. */
  pause(failures: number, signal: AbortSignal): Promise<void> {
    return sleep(this.clock, pause(failures, this.random), signal);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

function pause(attempt: number, random: Random): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10), LAST_PAUSE_MS);
  return longest / 2 + (random.next() * longest) / 2;
}

function once<Request, Response>(
  rpc: Unary<Request, Response>,
  request: Request,
  metadata: Metadata,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = rpc(request, metadata, { deadline: Date.now() + timeoutMs }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error === null) resolve(response);
      else reject(error);
    });
    const cancel = (): void => call.cancel();
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
