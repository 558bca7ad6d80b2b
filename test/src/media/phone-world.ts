import { setTimeout as delay } from 'node:timers/promises';
import { callUnary } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { HOLDING_LOT } from '@parkade/ids';
import { registerMediaNode } from '@parkade/media';
import type { Channel, SimulatedSwitch } from '@parkade/media-simulator';
import {
  Consistency,
  type Park,
  ParkState,
  type ParkServiceClient,
  ReleaseCause,
  ReleaseRequest,
} from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import type { Store } from '@parkade/store';
import { CALL_MS, failureOf, requestId } from '../support/calls.js';
import { type DialplanSettings, type NodeOptions, type SimulatedNode, startNodes } from './nodes.js';
import { partnerOf, type Party, WhoTalked } from './who-talked.js';

const clock = new SystemClock();
/** A busy machine, a lease that has to end, a retry: nothing takes longer. */
const WITHIN_MS = 60_000;

/** Simulated media nodes in this process with phones that call, park and fetch, and a gateway that is asked what became of it. */
export abstract class PhoneWorld {
  /** The outbound ports of media processes, by their names, in the order that dial plans try them. */
  readonly listeners = new Map<string, number>();
  readonly dialplan: DialplanSettings = { listeners: this.listeners, pendingS: 60 };
  readonly talked = new WhoTalked();
  nodes: readonly SimulatedNode[] = [];

  protected constructor(
    readonly store: Store,
    readonly client: ParkServiceClient,
    /** Whoever has slots here. */
    private readonly tenants: readonly string[],
  ) {}

  /** Starts nodes, and registers them. */
  protected async addNodes(names: readonly string[], options: NodeOptions = {}): Promise<void> {
    this.nodes = await startNodes(names, this.dialplan, options);
    for (const { name, sim, wire, sipAddress, recovers } of this.nodes) {
      this.talked.follow(sim);
      const node = { name, host: '127.0.0.1', port: wire.port, sipAddress, recovers };
      const refused = await registerMediaNode(this.store, node);
      if (refused !== undefined) throw new Error(JSON.stringify(refused));
    }
  }

  protected async closeNodes(): Promise<void> {
    await Promise.all(this.nodes.map(({ wire }) => wire.stop()));
    await Promise.all(this.nodes.map(({ sim }) => sim.close()));
  }

  /** The first node: where calls are, unless a scenario says otherwise. */
  get here(): SimulatedNode {
    return this.#node(0);
  }

  get there(): SimulatedNode {
    return this.#node(1);
  }

  get sim(): SimulatedSwitch {
    return this.here.sim;
  }

  /** Moves a park to another slot of its lot, as an operator does; answers the park there. */
  async move(parkId: string, slot: string): Promise<string> {
    const request = { requestId: requestId(), tenantId: 'acme', parkId, slot: { lotId: '', slot } };
    const { park } = await callUnary(this.client.movePark.bind(this.client), request, CALL_MS, clock);
    return park?.parkId ?? '';
  }

  /** Has a call come back so many ms from now. */
  async comesBack(parkId: string, inMs: number): Promise<void> {
    const request = { requestId: requestId(), tenantId: 'acme', parkId, recallIn: toDuration(inMs) };
    await callUnary(this.client.extendPark.bind(this.client), request, CALL_MS, clock);
  }

  /** Frees a slot, as an operator does. */
  async release({ tenantId, parkId }: Park): Promise<void> {
    const request = { requestId: requestId(), tenantId, parkId, cause: ReleaseCause.RELEASED, callId: '' };
    await callUnary(this.client.release.bind(this.client), ReleaseRequest.fromPartial(request), CALL_MS, clock);
  }

  /** Two phones talk: the caller's leg and the desk's. */
  async talk(caller: string, desk: string, node = this.here): Promise<[Channel, Channel]> {
    const leg = node.sim.call(caller, desk);
    this.talked.mayTalk(leg, desk);
    await this.until('they talk', () => leg.peer !== undefined);
    if (leg.peer === undefined) throw new Error('nobody answered');
    return [leg, leg.peer];
  }

  /** A caller is parked in a slot by a blind transfer of the desk 1001. */
  async parked(
    slot: string,
    caller = '2001',
    node = this.here,
  ): Promise<{ readonly caller: Channel; readonly park: Park }> {
    const [leg, desk] = await this.talk(caller, '1001', node);
    node.sim.transferBlind(desk, slot);
    const park = await this.park(slot);
    await this.waits(leg, park.parkId);
    return { caller: leg, park };
  }

  /** Resolves when a leg waits in its switch, with music, and carries the mark of its park. */
  async waits(leg: Channel, parkId?: string): Promise<void> {
    await this.until('the caller waits with music', () => {
      const mark = leg.variables.get('parkade_park') ?? '';
      const marked = parkId === undefined ? mark !== '' : mark.startsWith(`${parkId}:`);
      return leg.parked && leg.nested?.argument === 'local_stream://moh' && marked;
    });
  }

  /** Resolves when a parker's own call holds its slot. */
  waitsReserved(leg: Channel): Promise<void> {
    return this.until('the reservation stands', () => leg.variables.has('parkade_park'));
  }

  /** How a park ended; waits for that: its slot is told a moment after who fetched it talks. */
  async endedAs(parkId: string): Promise<string> {
    let ended = '';
    await this.until(`park ${parkId} has ended`, async () => {
      const failure = await failureOf(getPark(this.client, parkId)).catch(() => undefined);
      ended = failure?.metadata['end_reason'] ?? failure?.message ?? '';
      return ended !== '';
    });
    return ended;
  }

  /** These two talk, as they should; it waits for that. */
  async join(a: Channel, b: Party): Promise<void> {
    this.talked.mayTalk(a, b);
    await this.until('the two talk', () => {
      const other = partnerOf(a);
      return typeof b === 'string' ? other?.phone.user === b : other === b;
    });
  }

  /** The phone of a leg hangs up, at whichever node. */
  hangUp(leg: Channel): void {
    this.talked.mayEnd(leg);
    for (const { sim } of this.nodes) if (sim.core.find(leg.uuid) === leg) sim.hangUp(leg);
  }

  /** Waits until a slot's oldest park is in a state; answers it. */
  async park(slot: string, state = ParkState.PARKED, tenantId = 'acme'): Promise<Park> {
    let found: Park | undefined;
    await this.until(`slot ${slot} is ${ParkState[state]}`, async () => {
      found = (await this.parks(tenantId)).find((park) => park.slot === slot);
      return found?.state === state;
    });
    if (found === undefined) throw new Error('no park');
    return found;
  }

  /** Every park of a tenant, in slots and in the holding lot. */
  async parks(tenantId = 'acme'): Promise<readonly Park[]> {
    const list = this.client.listSlots.bind(this.client);
    const lists = await Promise.all(
      ['', HOLDING_LOT].map((lotId) =>
        callUnary(list, { tenantId, lotId, states: [], pageSize: 100, pageToken: '' }, CALL_MS, clock),
      ),
    );
    return lists.flatMap(({ slots }) => slots.flatMap(({ parks }) => parks));
  }

  /** Waits until nothing is parked anywhere. */
  allFree(): Promise<void> {
    return this.until('every slot is free', async () => {
      const parks = await Promise.all(this.tenants.map((tenantId) => this.parks(tenantId)));
      return parks.flat().length === 0;
    });
  }

  /** Waits until a condition holds; fails with what everybody said. A cluster that cannot answer is asked again. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = clock.monotonicMs() + WITHIN_MS;
    for (let last: Error | undefined; ;) {
      try {
        if (await condition()) return;
      } catch (error) {
        last = error instanceof Error ? error : new Error('something else was thrown');
      }
      if (clock.monotonicMs() > endMs) throw new Error(`not in time: ${what} ${last?.message ?? ''}`);
      await delay(10);
    }
  }

  #node(index: number): SimulatedNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error('there is no such node');
    return node;
  }
}

function getPark(client: ParkServiceClient, parkId: string): Promise<unknown> {
  const request = {
    tenantId: 'acme',
    by: { $case: 'parkId', value: parkId } as const,
    consistency: Consistency.FENCED,
  };
  return callUnary(client.getPark.bind(client), request, CALL_MS, clock);
}
