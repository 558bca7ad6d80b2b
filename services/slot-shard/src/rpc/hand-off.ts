import { connect } from 'node:net';
import { type ChannelCredentials, credentials as grpcCredentials, Metadata, status } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import type { HandOffClient, HandOffRefusal, HandOffResult, OwnedPartitions, Probe } from '@parkade/ownership';
import { type HandOffRequest, type HandOffResponse, OwnershipServiceClient, Reason } from '@parkade/proto';
import { callFailure, CHANNEL_OPTIONS, Refused } from '@parkade/rpc';

const REFUSALS: readonly HandOffRefusal[] = ['not-owner', 'not-wanted', 'busy', 'drain-failed', 'write-failed'];

/** Answers `OwnershipService.HandOff` for the partitions of one role. */
export function handOffHandler(
  owned: Pick<OwnedPartitions<number>, 'handOff'>,
): (request: HandOffRequest) => Promise<HandOffResponse | Refused> {
  return async (request) => {
    const result = await owned.handOff(request);
    if (result.ok) return { epoch: result.epoch };
    const message = `Partition ${request.partition} is not handed off: ${result.reason}.`;
    return new Refused(Reason.WRONG_STATE, message, { refusal: result.reason });
  };
}

/** Asks other members over gRPC. One connection an address, made when needed. */
export class GrpcHandOffClient implements HandOffClient {
  readonly #clients = new Map<string, OwnershipServiceClient>();
  readonly #credentials: ChannelCredentials;

  readonly #clock: Clock;

  constructor(clock: Clock, credentials: ChannelCredentials = grpcCredentials.createInsecure()) {
    this.#clock = clock;
    this.#credentials = credentials;
  }

  handOff(address: string, request: HandOffRequest, timeoutMs: number): Promise<HandOffResult> {
    const client = this.#client(address);
    return new Promise((resolve, reject) => {
      client.handOff(request, new Metadata(), { deadline: this.#clock.nowMs() + timeoutMs }, (error, response) => {
        if (error === null) {
          resolve({ ok: true, epoch: response.epoch });
          return;
        }
        const failure = callFailure(error);
        const reason = REFUSALS.find((refusal) => refusal === failure.metadata['refusal']);
        if (failure.code === status.FAILED_PRECONDITION && reason !== undefined) resolve({ ok: false, reason });
        else reject(error);
      });
    });
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #client(address: string): OwnershipServiceClient {
    let client = this.#clients.get(address);
    if (client === undefined) {
      client = new OwnershipServiceClient(address, this.#credentials, CHANNEL_OPTIONS);
      this.#clients.set(address, client);
    }
    return client;
  }
}

/** Tries to connect: what a refused connection proves is that no process listens there. */
export function tcpProbe(timeoutMs: number): Probe {
  return (address) =>
    new Promise((resolve) => {
      const colon = address.lastIndexOf(':');
      const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
      const done = (result: 'refused' | 'alive' | 'unknown'): void => {
        socket.destroy();
        resolve(result);
      };
      socket.setTimeout(timeoutMs, () => done('unknown'));
      socket.once('connect', () => done('alive'));
      socket.once('error', (error: NodeJS.ErrnoException) =>
        done(error.code === 'ECONNREFUSED' ? 'refused' : 'unknown'),
      );
    });
}
