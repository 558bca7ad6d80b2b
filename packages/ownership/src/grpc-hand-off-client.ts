import { Metadata } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { type HandOffResponse, OwnershipServiceClient } from '@parkade/proto';
import { callFailure, CHANNEL_OPTIONS, NO_SECURITY, type PeerChannel } from '@parkade/rpc';
import type { HandOffClient, HandOffRequest, HandOffResult } from './hand-off.js';
import { refusalOf, requestToWire } from './hand-off-wire.js';

/** Channels kept; past it the one that was used longest ago is closed. */
const MAX_CHANNELS = 64;

/** Reaches other members' `OwnershipService`. */
export class GrpcHandOffClient implements HandOffClient {
  /** In the order of use, the latest last. */
  readonly #clients = new Map<string, OwnershipServiceClient>();

  constructor(
    private readonly clock: Pick<Clock, 'nowMs'>,
    private readonly peers: PeerChannel = NO_SECURITY.peers,
  ) {}

  async handOff(address: string, request: HandOffRequest, timeoutMs: number): Promise<HandOffResult> {
    const client = this.#client(address);
    const wire = requestToWire(request);
    try {
      const response = await new Promise<HandOffResponse>((resolve, reject) => {
        // grpc-js knows deadlines by wall time alone.
        const deadline = this.clock.nowMs() + timeoutMs;
        client.handOff(wire, new Metadata(), { deadline }, (error, answer) => {
          if (error === null) resolve(answer);
          else reject(error);
        });
      });
      return { ok: true, epoch: response.epoch };
    } catch (error: unknown) {
      const refusal = refusalOf(callFailure(error));
      if (refusal !== undefined) return { ok: false, reason: refusal };
      throw error;
    }
  }

  /** Closes every channel; requests under way reject. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #client(address: string): OwnershipServiceClient {
    const known = this.#clients.get(address);
    this.#clients.delete(address);
    const client =
      known ??
      new OwnershipServiceClient(address, this.peers.credentials, { ...CHANNEL_OPTIONS, ...this.peers.options });
    this.#clients.set(address, client);
    if (this.#clients.size > MAX_CHANNELS) this.#closeOldest();
    return client;
  }

  #closeOldest(): void {
    for (const [address, client] of this.#clients) {
      client.close();
      this.#clients.delete(address);
      return;
    }
  }
}
