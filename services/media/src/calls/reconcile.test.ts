import { type ListSlotsRequest, MediaControl, Park, ParkState, Reason, ReleaseCause, Slot } from '@parkade/proto';
import { expect, test } from 'vitest';
import { DEFAULT_MEDIA_LIMITS } from '../config.js';
import { TwoNodes } from '../testing/two-nodes.js';
import { parksOf } from './reconcile.js';

/** From one reconciliation to the one after the next. */
const TWO_ROUNDS_MS = 70_000;

async function inWorld(run: (world: TwoNodes) => Promise<void>): Promise<void> {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

const refusal = (reason: Reason) =>
  Promise.resolve({ ok: false, known: true, reason, message: Reason[reason], metadata: {} } as const);

test('a call whose slot somebody else has freed goes back to its parker, and does not wait for nothing (X3)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    world.slot.current = undefined;
    await world.pass(TWO_ROUNDS_MS);
    expect([caller.peer?.phone.user, caller.isAlive]).toEqual(['1001', true]);
  }));

test('who hears that the slot is free looks at once; a call that is still in a slot stays in it (X3)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    const { calls } = world.here.agent;
    const gone = { callId: caller.uuid, parkId: world.slot.current?.parkId ?? '' };
    calls.slotFreed(gone);
    await world.pass(5_000);
    expect(caller.parked).toBe(true);
    world.slot.current = undefined;
    calls.slotFreed({ ...gone, parkId: 'another' });
    await world.pass(5_000);
    expect(caller.parked).toBe(true);
    calls.slotFreed(gone);
    await world.pass(5_000);
    expect(caller.peer?.phone.user).toBe('1001');
  }));

test('a slot that a parker’s own call held is kept for the caller to come, where nobody saw how that call went (R10)', () =>
  inWorld(async (world) => {
    const call = { mediaNode: 'here', callId: 'gone-1' };
    const place = { tenantId: 'acme', lotId: 'default', slot: '701', mediaControl: MediaControl.CLUSTER };
    world.slot.current = Park.fromPartial({ parkId: 'reserved-1', ...place, state: ParkState.RESERVED, call });
    const causes = new Set<ReleaseCause>();
    world.slot.release = ({ cause }) => {
      causes.add(cause);
      return refusal(Reason.WRONG_STATE);
    };
    await world.pass(TWO_ROUNDS_MS);
    expect([...causes]).toEqual([ReleaseCause.TRANSFER]);
  }));

const NOT_SAID = [Reason.OVERLOADED, Reason.PERMISSION_DENIED, Reason.INTERNAL];

test.each([
  ['the slots', NOT_SAID, [Reason.PARK_NOT_FOUND]],
  ['one park', [Reason.LOT_NOT_FOUND], NOT_SAID],
] as const)(
  'an owner that refuses to tell of %s has not said that nothing is parked: nobody is moved (X1)',
  (_, lists, parks) =>
    inWorld(async (world) => {
      // As a process finds it that has just come: it knows none of the legs.
      const mark = 'parkade_park=0199-x:1,parkade_tenant=acme,parkade_back=1001';
      void world.here.agent.sw.originate(`{origination_uuid=waits-1,${mark}}user/2001@acme.example`, 1_000);
      await world.pass(100);
      const leg = world.here.sim.core.find('waits-1');
      for (const list of lists) {
        for (const park of parks) {
          world.slot.listSlots = () => refusal(list);
          world.slot.getPark = () => refusal(park);
          await world.pass(TWO_ROUNDS_MS);
          expect([leg?.parked, leg?.peer]).toEqual([true, undefined]);
        }
      }
      world.slot.listSlots = () => refusal(Reason.LOT_NOT_FOUND);
      world.slot.getPark = () => refusal(Reason.PARK_NOT_FOUND);
      await world.pass(TWO_ROUNDS_MS);
      expect(leg?.peer?.phone.user).toBe('1001');
    }),
);

test('a tenant is read to its last slot, however many it uses (X1)', async () => {
  const used = 25_000;
  const slotAt = (i: number): Slot => {
    const call = { mediaNode: i === used - 1 ? 'here' : 'there', callId: `call-${i}` };
    return Slot.fromPartial({ parks: [{ parkId: `park-${i}`, call, mediaControl: MediaControl.CLUSTER }] });
  };
  const listSlots = ({ lotId, pageSize, pageToken }: ListSlotsRequest) => {
    const from = Number(pageToken);
    const to = lotId === '' ? Math.min(used, from + pageSize) : from;
    const slots = Array.from({ length: to - from }, (_, i) => slotAt(from + i));
    return Promise.resolve({ ok: true, value: { slots, nextPageToken: slots.length > 0 && to < used ? `${to}` : '' } });
  };
  const config = { tenants: [{ tenantId: 'acme' }], limits: DEFAULT_MEDIA_LIMITS };
  const lists = { api: { listSlots }, config, node: 'here' } as unknown as Parameters<typeof parksOf>[0];
  expect((await parksOf(lists))?.map(({ parkId }) => parkId)).toEqual([`park-${used - 1}`]);
});

test('a call that was fetched, and has ended before its slot was told so, was retrieved and not abandoned (R24)', async () => {
  const world: TwoNodes = await TwoNodes.start(async (step, when) => {
    if (step === 'ConfirmRetrieve' && when === 'before') await world.sleep(2_000);
    return undefined;
  });
  try {
    const caller = await world.parked();
    const { agent, sim } = world.here;
    const retriever = sim.call('1002', '*5701');
    await world.pass(500);
    expect(caller.peer?.uuid).toBe(retriever.uuid);
    sim.hangUp(retriever);
    void agent.calls.reconcile();
    await world.pass(3_000);
    expect([caller.isAlive, world.slot.endReason]).toEqual([false, 'retrieved']);
  } finally {
    await world.close();
  }
});

test('a call that stops talking while its slot is asked for keeps its slot, and waits in it (R3)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    const { sw } = world.here.agent;
    void sw.originate('{origination_uuid=taker-1}user/1002@acme.example', 1_000);
    await world.pass(200);
    const bridged = sw.bridge('taker-1', caller.uuid);
    await world.pass(50);
    expect([await bridged, caller.peer?.phone.user]).toEqual([true, '1002']);
    const getPark = world.slot.getPark.bind(world.slot);
    let asked = 0;
    world.slot.getPark = async (request) => {
      // It is given back at this very moment.
      if (asked++ === 0) {
        world.slot.current = world.slot.current && { ...world.slot.current, revision: 99 };
        await sw.rescue(caller.uuid);
      }
      return getPark(request);
    };
    await world.pass(TWO_ROUNDS_MS);
    expect(asked).toBeGreaterThan(0);
    expect([caller.parked, world.slot.current?.state]).toEqual([true, ParkState.PARKED]);
  }));

test('a call that was left alone in a conversation is put back into its slot, also by a process that has just come (R3)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    const { agent, sim } = world.here;
    void agent.sw.originate('{origination_uuid=taker-1}user/1002@acme.example', 1_000);
    await world.pass(200);
    const taker = sim.core.find('taker-1');
    sim.core.amidBridge = () => taker !== undefined && sim.hangUp(taker);
    void agent.sw.bridge('taker-1', caller.uuid);
    await world.pass(50);
    expect([caller.state, caller.peer, taker?.isAlive]).toEqual(['CS_SOFT_EXECUTE', undefined, false]);
    await world.takeOver('here');
    await world.pass(TWO_ROUNDS_MS);
    expect([caller.parked, world.slot.current?.state]).toEqual([true, ParkState.PARKED]);
    expect(caller.nested?.argument).toBe('local_stream://moh');
  }));

test('a caller who hung up while the connection was cut leaves his slot soon after it is back, also where the switch lists him a moment longer (X1)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    const { sim, agent } = world.here;
    await sim.cut();
    await world.pass(100);
    sim.hangUp(caller);
    // His hang-up was told; what he ran is still being ended.
    sim.core.channels.set(caller.uuid, caller);
    await sim.heal();
    while (!agent.isUp) await world.pass(5);
    await world.pass(500);
    expect(world.slot.current?.call?.callId).toBe(caller.uuid);
    sim.core.channels.delete(caller.uuid);
    await world.pass(5_000);
    expect(world.slot.endReason).toBe('abandoned');
  }));
