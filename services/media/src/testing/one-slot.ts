import { type Clock, type Random, SeededRandom } from '@parkade/clock';
import { newParkId } from '@parkade/ids';
import {
  type ClaimPickupRequest,
  type ConfirmRetrieveRequest,
  type GetParkRequest,
  type GetParkResponse,
  type GiveBackRetrieveRequest,
  type ListSlotsRequest,
  type ListSlotsResponse,
  Park,
  type ParkRequest,
  type ParkResponse,
  ParkState,
  PickupState,
  Reason,
  type ReleaseRequest,
  type ReleaseResponse,
  type RetrieveRequest,
  type RetrieveResponse,
  Slot,
} from '@parkade/proto';
import { durationMs, toTimestamp } from '@parkade/rpc';
import type { Answer, ParkApi } from '../calls/park-api.js';

/** What befalls a request: `lost`, it never arrives; `unheard`, its answer does not. */
export type RequestFault = 'lost' | 'unheard' | undefined;

type Refusal = Extract<Answer<never>, { ok: false }>;

const UNKNOWN: Refusal = { ok: false, known: false, reason: undefined, message: 'no answer', metadata: {} };

/**
 * A slot of the tenant `acme`, as the media see its owner: one park at a time, the answer to a request id given once.
 * What the owner itself decides is tested there; here it only has to be as strict.
 */
export class OneSlot implements ParkApi {
  current: Park | undefined;
  /** How the last park ended. */
  endReason: string | undefined;
  readonly #answers = new Map<string, { readonly request: string; readonly answer: Answer<unknown> }>();
  readonly #random: Random = new SeededRandom(7);
  #digest: Buffer = Buffer.alloc(0);
  #revision = 0;

  /** @param around told of each request before and after it is done; says what befalls it. */
  constructor(
    private readonly clock: Clock,
    private readonly around: (request: string, when: 'before' | 'after') => Promise<RequestFault>,
  ) {}

  park(request: ParkRequest): Promise<Answer<ParkResponse>> {
    return this.#answer('Park', request, () => {
      if (this.current !== undefined) return refused(Reason.SLOT_OCCUPIED);
      const parkId = newParkId(this.clock.nowMs(), 1, this.#random);
      const { tenantId, call, parker, mediaControl } = request;
      const place = { lotId: 'default', slot: '701', state: ParkState.PARKED };
      return this.#write(Park.fromPartial({ parkId, tenantId, ...place, call, parker, mediaControl }));
    });
  }

  beginRetrieve(request: RetrieveRequest): Promise<Answer<RetrieveResponse>> {
    return this.#answer('BeginRetrieve', request, () => {
      const { current: park } = this;
      if (park === undefined) return refused(Reason.SLOT_EMPTY);
      if (park.state !== ParkState.PARKED) return refused(Reason.SLOT_RETRIEVING);
      this.#digest = request.pickupDigest ?? Buffer.alloc(0);
      const giveUpMs = request.giveUpAfter === undefined ? 0 : durationMs(request.giveUpAfter);
      const giveUpAt = toTimestamp(this.clock.nowMs() + giveUpMs);
      const attempt = { retriever: request.retriever, retrieveId: request.requestId, giveUpAt };
      return this.#write({ ...park, ...attempt, state: ParkState.RETRIEVING, pickup: PickupState.OPEN });
    });
  }

  claimPickup(request: ClaimPickupRequest): Promise<Answer<RetrieveResponse>> {
    return this.#answer('ClaimPickup', request, () => {
      const { current: park } = this;
      const { digest, mediaNode, fromMediaNodes } = request;
      const isOpen = park?.state === ParkState.RETRIEVING && park.pickup === PickupState.OPEN;
      const comesFrom = park?.retriever?.mediaNode ?? '';
      const fits = this.#digest.equals(digest) && park?.call?.mediaNode === mediaNode;
      if (!isOpen || !fits || !fromMediaNodes.includes(comesFrom)) return refused(Reason.PICKUP_REFUSED);
      return this.#write({ ...park, pickup: PickupState.CLAIMED });
    });
  }

  confirmRetrieve(request: ConfirmRetrieveRequest): Promise<Answer<RetrieveResponse>> {
    return this.#attempt('ConfirmRetrieve', request, (park) => this.#end(park, 'retrieved'));
  }

  giveBackRetrieve(request: GiveBackRetrieveRequest): Promise<Answer<ParkResponse>> {
    return this.#attempt('GiveBackRetrieve', request, (park) => {
      if (request.ifUnclaimed && park.pickup === PickupState.CLAIMED) return refused(Reason.PICKUP_CLAIMED);
      return this.#write({ ...park, ...NO_ATTEMPT, state: ParkState.PARKED });
    });
  }

  release(request: ReleaseRequest): Promise<Answer<ReleaseResponse>> {
    return this.#answer('Release', request, () => {
      const { current: park } = this;
      return park?.parkId === request.parkId ? this.#end(park, 'abandoned') : refused(Reason.PARK_ENDED);
    });
  }

  getPark({ by }: GetParkRequest): Promise<Answer<GetParkResponse>> {
    return this.#answer('GetPark', undefined, () => {
      const { current: park } = this;
      const fits = by?.$case === 'parkId' ? by.value === park?.parkId : by?.value.callId === park?.call?.callId;
      return fits ? { ok: true, value: { park, fenced: true } } : refused(Reason.PARK_NOT_FOUND);
    });
  }

  listSlots({ lotId }: ListSlotsRequest): Promise<Answer<ListSlotsResponse>> {
    return this.#answer('ListSlots', undefined, () => {
      const { current: park } = this;
      const slots = park === undefined || lotId !== '' ? [] : [Slot.fromPartial({ parks: [park] })];
      return { ok: true, value: { slots, nextPageToken: '' } };
    });
  }

  reserve(): Promise<Refusal> {
    return Promise.resolve(refused(Reason.SLOT_OCCUPIED));
  }

  completeReservation(): Promise<Refusal> {
    return Promise.resolve(refused(Reason.PARK_NOT_FOUND));
  }

  #attempt(
    name: string,
    request: { readonly requestId: string; readonly parkId: string; readonly retrieveId: string },
    then: (park: Park) => Answer<ParkResponse>,
  ): Promise<Answer<ParkResponse>> {
    return this.#answer(name, request, () => {
      const { current: park } = this;
      if (park?.parkId !== request.parkId) return refused(Reason.PARK_ENDED);
      const isIts = park.state === ParkState.RETRIEVING && park.retrieveId === request.retrieveId;
      return isIts ? then(park) : refused(Reason.RETRIEVE_EXPIRED);
    });
  }

  #end(park: Park, reason: string): Answer<ParkResponse> {
    this.current = undefined;
    this.endReason = reason;
    return { ok: true, value: { park: { ...park, state: ParkState.ENDED }, revision: ++this.#revision } };
  }

  #write(park: Park): Answer<ParkResponse> {
    const revision = ++this.#revision;
    this.current = { ...park, revision };
    return { ok: true, value: { park: this.current, revision } };
  }

  async #answer<T>(
    name: string,
    request: { readonly requestId: string } | undefined,
    decide: () => Answer<T>,
  ): Promise<Answer<T>> {
    if ((await this.around(name, 'before')) === 'lost') return UNKNOWN;
    const answer = request === undefined ? decide() : this.#once(request, decide);
    return (await this.around(name, 'after')) === 'unheard' ? UNKNOWN : answer;
  }

  /** What was answered to this very request before; another one under its id is refused. */
  #once<T>(request: { readonly requestId: string }, decide: () => Answer<T>): Answer<T> {
    const body = JSON.stringify(request);
    const before = this.#answers.get(request.requestId);
    if (before !== undefined) {
      return before.request === body ? (before.answer as Answer<T>) : refused(Reason.REQUEST_ID_REUSED);
    }
    const answer = decide();
    this.#answers.set(request.requestId, { request: body, answer });
    return answer;
  }
}

const NO_ATTEMPT = { retriever: undefined, retrieveId: '', giveUpAt: undefined, pickup: PickupState.UNSPECIFIED };

function refused(reason: Reason): Refusal {
  return { ok: false, known: true, reason, message: Reason[reason], metadata: {} };
}
