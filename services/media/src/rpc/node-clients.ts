import { type CallOptions, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Clock, sleep } from '@parkade/clock';
import type { OwnerDirectory } from '@parkade/ownership';
import {
  type CancelLegRequest,
  type CancelLegResponse,
  type ConnectLegRequest,
  type ConnectLegResponse,
  type FetchCallRequest,
  type FetchCallResponse,
  type GetLegRequest,
  type GetLegResponse,
  type HangUpCallRequest,
  type HangUpCallResponse,
  type HoldCallRequest,
  type HoldCallResponse,
  MediaNodeServiceClient,
  type RingLegRequest,
  type RingLegResponse,
  type TakeCallRequest,
  type TakeCallResponse,
  type TransferCallRequest,
  type TransferCallResponse,
} from '@parkade/proto';
import { callFailure, CHANNEL_OPTIONS, NO_SECURITY, type PeerChannel } from '@parkade/rpc';

/** Channels kept; past it the one that was used longest ago is closed. */
const MAX_CHANNELS = 64;
const RETRY_MS = 100;

/** What is asked, and answered, under each name. */
interface Rpcs {
  ringLeg: [RingLegRequest, RingLegResponse];
  cancelLeg: [CancelLegRequest, CancelLegResponse];
  getLeg: [GetLegRequest, GetLegResponse];
  connectLeg: [ConnectLegRequest, ConnectLegResponse];
  transferCall: [TransferCallRequest, TransferCallResponse];
  holdCall: [HoldCallRequest, HoldCallResponse];
  hangUpCall: [HangUpCallRequest, HangUpCallResponse];
  takeCall: [TakeCallRequest, TakeCallResponse];
  fetchCall: [FetchCallRequest, FetchCallResponse];
}

type Rpc<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/**
 * Reaches the owners of media nodes.
 *
 *   K1. A request goes to whoever owns the node at that moment, and again to the next one, until the time is over. All
 *       requests may be asked twice.
 */
export class NodeClients {
  /** In the order of use, the latest last. */
  readonly #clients = new Map<string, MediaNodeServiceClient>();
  readonly #stop = new AbortController();

  constructor(
    private readonly owners: Pick<OwnerDirectory<string>, 'owner'>,
    private readonly clock: Clock,
    private readonly peers: PeerChannel = NO_SECURITY.peers,
  ) {}

  /** The answer of the node's owner. Rejects when there was none in time: then it is not known what was done. */
  async call<Name extends keyof Rpcs>(
    node: string,
    name: Name,
    request: Rpcs[Name][0],
    limitMs: number,
  ): Promise<Rpcs[Name][1]> {
    const endMs = this.clock.monotonicMs() + limitMs;
    for (;;) {
      const leftMs = endMs - this.clock.monotonicMs();
      const client = this.client(node);
      try {
        if (client === undefined) throw new Error(`nobody controls the media node ${node}`);
        const rpc = client[name].bind(client) as unknown as Rpc<Rpcs[Name][0], Rpcs[Name][1]>;
        return await this.#once(rpc, request, Math.max(1, leftMs));
      } catch (error) {
        const again = client === undefined || callFailure(error).code === status.UNAVAILABLE;
        if (!again || leftMs <= RETRY_MS || this.#stop.signal.aborted) throw error;
        await sleep(this.clock, RETRY_MS, this.#stop.signal);
      }
    }
  }

  /** A client of the node's owner; undefined: nobody owns it. */
  client(node: string): MediaNodeServiceClient | undefined {
    const address = this.owners.owner(node)?.address;
    if (address === undefined) return undefined;
    const known = this.#clients.get(address);
    this.#clients.delete(address);
    const client =
      known ??
      new MediaNodeServiceClient(address, this.peers.credentials, { ...CHANNEL_OPTIONS, ...this.peers.options });
    this.#clients.set(address, client);
    const [oldest] = this.#clients;
    if (this.#clients.size > MAX_CHANNELS && oldest !== undefined) {
      oldest[1].close();
      this.#clients.delete(oldest[0]);
    }
    return client;
  }

  close(): void {
    this.#stop.abort();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #once<Request, Response>(rpc: Rpc<Request, Response>, request: Request, leftMs: number): Promise<Response> {
    return new Promise((resolve, reject) => {
      rpc(request, new Metadata(), { deadline: this.clock.nowMs() + leftMs }, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
  }
}
