import { type ChannelOptions, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Clock, sleep } from '@parkade/clock';
import {
  type CallKey,
  type CompleteReservationRequest,
  Consistency,
  type Park,
  type ParkOrRetrieveRequest,
  type ParkRequest,
  ParkServiceClient,
  Reason,
  type ReserveRequest,
  type RetrieveRequest,
} from '@parkade/proto';
import { callFailure, CHANNEL_OPTIONS, type PeerChannel, PROCESS_HEADER, Refused } from '@parkade/rpc';
import type { FlowLimits } from '../config.js';
import type { ParkPort } from './park-port.js';

type Send<Response> = (
  metadata: Metadata,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, response: Response) => void,
) => void;

const OPTIONS: ChannelOptions = {
  ...CHANNEL_OPTIONS,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

/** Asks the gateways over gRPC. What breaks on the way is sent again: every request has an id, so it is done once. */
export class GrpcParkPort implements ParkPort {
  readonly #client: ParkServiceClient;

  constructor(
    gateway: string,
    private readonly limits: FlowLimits,
    private readonly clock: Clock,
    peers: PeerChannel,
  ) {
    this.#client = new ParkServiceClient(gateway, peers.credentials, { ...OPTIONS, ...peers.options });
  }

  park(request: ParkRequest, endMs: number): Promise<Park | Refused> {
    return this.#parkOf(endMs, (...rest) => this.#client.park(request, ...rest));
  }

  reserve(request: ReserveRequest, endMs: number): Promise<Park | Refused> {
    return this.#parkOf(endMs, (...rest) => this.#client.reserve(request, ...rest));
  }

  completeReservation(request: CompleteReservationRequest, endMs: number): Promise<Park | Refused> {
    return this.#parkOf(endMs, (...rest) => this.#client.completeReservation(request, ...rest));
  }

  beginRetrieve(request: RetrieveRequest, endMs: number): Promise<Park | Refused> {
    return this.#parkOf(endMs, (...rest) => this.#client.beginRetrieve(request, ...rest));
  }

  parkOrRetrieve(request: ParkOrRetrieveRequest, endMs: number): Promise<Park | Refused> {
    return this.#parkOf(endMs, (metadata, options, done) =>
      this.#client.parkOrRetrieve(request, metadata, options, (error, response) =>
        done(error, { park: error === null ? response.outcome?.value : undefined }),
      ),
    );
  }

  async parkOfCall(tenantId: string, call: CallKey, endMs: number): Promise<Park | undefined | Refused> {
    const by = { $case: 'call', value: call } as const;
    const request = { tenantId, by, consistency: Consistency.UNSPECIFIED };
    const answer = await this.#parkOf(endMs, (...rest) => this.#client.getPark(request, ...rest));
    return answer instanceof Refused && answer.reason === Reason.PARK_NOT_FOUND ? undefined : answer;
  }

  close(): void {
    this.#client.close();
  }

  async #parkOf(endMs: number, send: Send<{ readonly park: Park | undefined }>): Promise<Park | Refused> {
    const { clock, limits } = this;
    for (let delayMs = limits.retryMinMs; ; delayMs = Math.min(2 * delayMs, limits.retryMaxMs)) {
      const leftMs = endMs - clock.monotonicMs();
      const answer = await this.#once(Math.min(leftMs, limits.attemptTimeoutMs), send);
      if (!(answer instanceof Broken)) return answer;
      if (endMs - clock.monotonicMs() <= delayMs) return answer.refused;
      await sleep(clock, delayMs);
    }
  }

  #once(timeoutMs: number, send: Send<{ readonly park: Park | undefined }>): Promise<Park | Refused | Broken> {
    const deadline = this.clock.nowMs() + Math.max(1, timeoutMs);
    return new Promise((resolve) => {
      const metadata = new Metadata();
      metadata.set(PROCESS_HEADER, 'flow');
      send(metadata, { deadline }, (error, response) => {
        if (error !== null) resolve(refusedBy(error));
        else resolve(response.park ?? new Refused(Reason.INTERNAL, 'The gateway answered without a park.'));
      });
    });
  }
}

/** Nobody knows whether it was done. */
class Broken {
  constructor(readonly refused: Refused) {}
}

function refusedBy(error: ServiceError): Refused | Broken {
  const { code, reason, message, metadata } = callFailure(error);
  if (reason !== undefined) {
    const refused = new Refused(reason, message, metadata);
    return reason === Reason.DRAINING ? new Broken(refused) : refused;
  }
  if (code === status.UNAVAILABLE) {
    return new Broken(new Refused(Reason.NO_OWNER, 'No gateway answers; retry with the same request id.'));
  }
  if (code === status.DEADLINE_EXCEEDED) {
    const late = 'The outcome is not known in time; retry with the same request id.';
    return new Broken(new Refused(Reason.DEADLINE, late));
  }
  return new Refused(Reason.INTERNAL, `The gateway could not be asked: ${message}`);
}
