import { type CallOptions, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Clock, sleep } from '@parkade/clock';
import {
  Actor,
  type ClaimPickupRequest,
  type CompleteReservationRequest,
  type ConfirmRetrieveRequest,
  type GetParkRequest,
  type GetParkResponse,
  type GiveBackRetrieveRequest,
  type ListSlotsRequest,
  type ListSlotsResponse,
  type ParkRequest,
  type ParkResponse,
  ParkServiceClient,
  Reason,
  type ReleaseRequest,
  type ReleaseResponse,
  type ReserveRequest,
  type RetrieveRequest,
  type RetrieveResponse,
} from '@parkade/proto';
import {
  ACTOR_HEADER,
  callFailure,
  CHANNEL_OPTIONS,
  type PeerChannel,
  PROCESS_HEADER,
  TRACEPARENT,
  type Tracer,
} from '@parkade/rpc';

/** `known` false: nobody knows whether it was done. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly known: boolean;
      readonly reason: Reason | undefined;
      readonly message: string;
      readonly metadata: Readonly<Record<string, string>>;
    };

type Refusal = Extract<Answer<never>, { ok: false }>;

const NO_PARK: ReadonlySet<Reason | undefined> = new Set([
  Reason.PARK_NOT_FOUND,
  Reason.PARK_ENDED,
  Reason.TENANT_NOT_FOUND,
]);
const NO_LOT: ReadonlySet<Reason | undefined> = new Set([Reason.LOT_NOT_FOUND, Reason.TENANT_NOT_FOUND]);

/** Whether a refusal says that there is no such park, or not any more. Any other says nothing of it: too much to do, no right to ask. */
export function isNoPark({ known, reason }: Refusal): boolean {
  return known && NO_PARK.has(reason);
}

/** Whether a refusal says that there is no such lot. */
export function isNoLot({ known, reason }: Refusal): boolean {
  return known && NO_LOT.has(reason);
}

/**
 * What the media need of `parkade.park.v1.ParkService`. Requests are repeated, with their own id, while there is time. `by`: who asked
 * for it through an API, where it is not a phone's own doing.
 */
export interface ParkApi {
  park(request: ParkRequest): Promise<Answer<ParkResponse>>;
  reserve(request: ReserveRequest): Promise<Answer<ParkResponse>>;
  completeReservation(request: CompleteReservationRequest): Promise<Answer<ParkResponse>>;
  beginRetrieve(request: RetrieveRequest, by?: Actor): Promise<Answer<RetrieveResponse>>;
  confirmRetrieve(request: ConfirmRetrieveRequest, by?: Actor): Promise<Answer<RetrieveResponse>>;
  giveBackRetrieve(request: GiveBackRetrieveRequest): Promise<Answer<ParkResponse>>;
  claimPickup(request: ClaimPickupRequest): Promise<Answer<RetrieveResponse>>;
  release(request: ReleaseRequest): Promise<Answer<ReleaseResponse>>;
  getPark(request: GetParkRequest): Promise<Answer<GetParkResponse>>;
  listSlots(request: ListSlotsRequest): Promise<Answer<ListSlotsResponse>>;
}

type Rpc<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1_000;
/** What says nothing of the request: a connection that broke, a defect on the way, or a gateway that has too much to do. */
const AGAIN = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.INTERNAL,
  status.UNKNOWN,
  status.CANCELLED,
]);
const PASSING: ReadonlySet<Reason | undefined> = new Set([Reason.OVERLOADED, Reason.RATE_EXCEEDED]);

/** The API through one gateway. */
export class GrpcParkApi implements ParkApi {
  readonly #client: ParkServiceClient;
  readonly #stop = new AbortController();

  /** @param limitMs how long one request may take, repetitions included. */
  constructor(
    address: string,
    private readonly limitMs: number,
    private readonly clock: Clock,
    peers: PeerChannel,
    private readonly tracer?: Tracer,
  ) {
    this.#client = new ParkServiceClient(address, peers.credentials, { ...CHANNEL_OPTIONS, ...peers.options });
  }

  park(request: ParkRequest): Promise<Answer<ParkResponse>> {
    return this.#call(this.#client.park.bind(this.#client), request);
  }

  reserve(request: ReserveRequest): Promise<Answer<ParkResponse>> {
    return this.#call(this.#client.reserve.bind(this.#client), request);
  }

  completeReservation(request: CompleteReservationRequest): Promise<Answer<ParkResponse>> {
    const rpc = this.#client.completeReservation.bind(this.#client);
    return this.#call(rpc, request);
  }

  beginRetrieve(request: RetrieveRequest, by?: Actor): Promise<Answer<RetrieveResponse>> {
    return this.#call(this.#client.beginRetrieve.bind(this.#client), request, by);
  }

  confirmRetrieve(request: ConfirmRetrieveRequest, by?: Actor): Promise<Answer<RetrieveResponse>> {
    const rpc = this.#client.confirmRetrieve.bind(this.#client);
    return this.#call(rpc, request, by);
  }

  giveBackRetrieve(request: GiveBackRetrieveRequest): Promise<Answer<ParkResponse>> {
    const rpc = this.#client.giveBackRetrieve.bind(this.#client);
    return this.#call(rpc, request);
  }

  claimPickup(request: ClaimPickupRequest): Promise<Answer<RetrieveResponse>> {
    return this.#call(this.#client.claimPickup.bind(this.#client), request);
  }

  release(request: ReleaseRequest): Promise<Answer<ReleaseResponse>> {
    return this.#call(this.#client.release.bind(this.#client), request);
  }

  getPark(request: GetParkRequest): Promise<Answer<GetParkResponse>> {
    return this.#call(this.#client.getPark.bind(this.#client), request);
  }

  listSlots(request: ListSlotsRequest): Promise<Answer<ListSlotsResponse>> {
    return this.#call(this.#client.listSlots.bind(this.#client), request);
  }

  close(): void {
    this.#stop.abort();
    this.#client.close();
  }

  async #call<Request, Response>(rpc: Rpc<Request, Response>, request: Request, by?: Actor): Promise<Answer<Response>> {
    const endMs = this.clock.monotonicMs() + this.limitMs;
    const span = this.tracer?.span('media request', 'client', undefined);
    for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      const leftMs = endMs - this.clock.monotonicMs();
      const answer = await once(rpc, request, this.clock.nowMs() + Math.max(1, leftMs), span?.traceparent, by);
      if (answer.ok || answer.known || leftMs <= delayMs || this.#stop.signal.aborted) {
        span?.end({}, !answer.ok);
        return answer;
      }
      await sleep(this.clock, delayMs, this.#stop.signal);
    }
  }
}

function once<Request, Response>(
  rpc: Rpc<Request, Response>,
  request: Request,
  deadline: number,
  trace: string | undefined,
  by: Actor | undefined,
): Promise<Answer<Response>> {
  const metadata = new Metadata();
  metadata.set(PROCESS_HEADER, 'media');
  if (trace !== undefined) metadata.set(TRACEPARENT, trace);
  if (by !== undefined) metadata.set(ACTOR_HEADER, Buffer.from(Actor.encode(by).finish()));
  return new Promise((resolve) => {
    rpc(request, metadata, { deadline }, (error, value) => {
      if (error === null) return resolve({ ok: true, value });
      const failure = callFailure(error);
      resolve({
        ok: false,
        known: !AGAIN.has(failure.code) && !PASSING.has(failure.reason),
        reason: failure.reason,
        message: failure.message,
        metadata: failure.metadata,
      });
    });
  });
}
