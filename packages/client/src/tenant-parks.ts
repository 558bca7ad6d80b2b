import type { Clock, Random } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import {
  Consistency,
  ExtendParkRequest,
  GetSlotRequest,
  ListSlotsRequest,
  MoveParkRequest,
  type Park,
  ReleaseRequest,
  RenewPolicyRequest,
} from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import type { Gateways } from './gateways.js';
import { ParkadeError } from './parkade-error.js';
import type { AskOptions, ParkCall, ParkedCall, Parks, RetrieveCall, SlotChange, SlotName, SlotView } from './parks.js';
import { parkRequest, retrieveRequest, slotTarget } from './requests.js';
import { parkedCall, slotView } from './views.js';
import { watchSlots } from './watch.js';

/** Slots in one page of a list. */
const PAGE = 500;

/** The parked calls of one tenant, asked for at a cluster's gateways. */
export class TenantParks implements Parks {
  constructor(
    private readonly tenantId: string,
    private readonly gateways: Gateways,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  async park(request: ParkCall, options: AskOptions = {}): Promise<ParkedCall> {
    const wire = parkRequest(this.tenantId, this.#id(options), request);
    return answered(await this.gateways.call((client) => client.park.bind(client), wire, options));
  }

  async retrieve(request: RetrieveCall, options: AskOptions = {}): Promise<ParkedCall> {
    const wire = retrieveRequest(this.tenantId, this.#id(options), request);
    return answered(await this.gateways.call((client) => client.retrieve.bind(client), wire, options));
  }

  async release(parkId: string, options: AskOptions = {}): Promise<ParkedCall> {
    const wire = ReleaseRequest.fromPartial({ ...this.#named(parkId, options) });
    return answered(await this.gateways.call((client) => client.release.bind(client), wire, options));
  }

  async move(parkId: string, to: SlotName, options: AskOptions = {}): Promise<ParkedCall> {
    const wire = MoveParkRequest.fromPartial({ ...this.#named(parkId, options), slot: slotTarget(to) });
    return answered(await this.gateways.call((client) => client.movePark.bind(client), wire, options));
  }

  async extend(parkId: string, recallInMs: number, options: AskOptions = {}): Promise<ParkedCall> {
    const recallIn = toDuration(recallInMs);
    const wire = ExtendParkRequest.fromPartial({ ...this.#named(parkId, options), recallIn });
    return answered(await this.gateways.call((client) => client.extendPark.bind(client), wire, options));
  }

  async renewPolicy(parkId: string, options: AskOptions = {}): Promise<ParkedCall> {
    const wire = RenewPolicyRequest.fromPartial(this.#named(parkId, options));
    return answered(await this.gateways.call((client) => client.renewPolicy.bind(client), wire, options));
  }

  async slot(name: SlotName, options: Omit<AskOptions, 'requestId'> = {}): Promise<SlotView> {
    const { tenantId } = this;
    const wire = GetSlotRequest.fromPartial({ tenantId, slot: slotTarget(name), consistency: Consistency.FENCED });
    const { slot } = await this.gateways.call((client) => client.getSlot.bind(client), wire, options);
    return slot === undefined ? { lot: name.lot ?? '', slot: name.slot, parks: [], revision: 0 } : slotView(slot);
  }

  async *slots({ lot = '' }: { readonly lot?: string | undefined } = {}): AsyncGenerator<SlotView> {
    for (let pageToken = ''; ;) {
      const wire = ListSlotsRequest.fromPartial({ tenantId: this.tenantId, lotId: lot, pageSize: PAGE, pageToken });
      const page = await this.gateways.call((client) => client.listSlots.bind(client), wire, {});
      for (const slot of page.slots) yield slotView(slot);
      pageToken = page.nextPageToken;
      if (pageToken === '') return;
    }
  }

  watch({
    lot = '',
    signal,
  }: { readonly lot?: string | undefined; readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<SlotChange> {
    return watchSlots(this.gateways, { tenantId: this.tenantId, lotId: lot }, signal);
  }

  #id({ requestId }: AskOptions): string {
    return requestId ?? newRequestId(this.clock.nowMs(), this.random);
  }

  #named(parkId: string, options: AskOptions): { requestId: string; tenantId: string; parkId: string } {
    return { requestId: this.#id(options), tenantId: this.tenantId, parkId };
  }
}

function answered({ park }: { readonly park: Park | undefined }): ParkedCall {
  if (park === undefined) throw new ParkadeError(undefined, 'INTERNAL', 'The gateway answered without a park.');
  return parkedCall(park);
}
