import type { ParkRequest } from '@parkade/proto';
import { ParkState, Reason } from '@parkade/proto';
import { expect, test } from 'vitest';
import { DEFAULT_MEDIA_LIMITS } from '../config.js';
import type { OneSlot } from '../testing/one-slot.js';
import { TwoNodes } from '../testing/two-nodes.js';
import type { Answer } from './park-api.js';
import { parksOf } from './reconcile.js';

const refused = (reason: Reason): Extract<Answer<never>, { ok: false }> => ({
  ok: false,
  known: true,
  reason,
  message: Reason[reason],
  metadata: {},
});

/** Whoever has the node next is refused by the gateways, for a reason that says nothing of any park. */
function troubled(slot: OneSlot, reason: Reason): () => void {
  const listSlots = slot.listSlots.bind(slot);
  const getPark = slot.getPark.bind(slot);
  slot.listSlots = slot.getPark = () => Promise.resolve(refused(reason));
  return () => Object.assign(slot, { listSlots, getPark });
}

test.each([Reason.PERMISSION_DENIED, Reason.UNAUTHENTICATED])(
  'who waits in a slot stays there while a new owner of his node is refused by the gateways (X3): %s',
  async (reason) => {
    const world = await TwoNodes.start(() => Promise.resolve(undefined));
    try {
      const caller = await world.parked();
      const parkId = world.slot.current?.parkId;
      const over = troubled(world.slot, reason);
      await world.takeOver('here');
      await world.pass(70_000);
      expect([caller.parked, caller.peer, world.slot.current?.parkId]).toEqual([true, undefined, parkId]);
      over();
      await world.pass(40_000);
      const phone = world.here.sim.call('1003', '*5701');
      await world.pass(500);
      expect(caller.peer).toBe(phone);
    } finally {
      await world.close();
    }
  },
);

test('a call that the owner before has parked meanwhile, asked for in other words, stays in its slot (P2)', async () => {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const { slot } = world;
    const park = slot.park.bind(slot);
    // That one had seen the parker's leg, and knew who he is.
    slot.park = async (request: ParkRequest) => {
      await park({ ...request, parker: { userId: 'alice', deviceId: '', extension: '1001' } });
      return park(request);
    };
    const caller = await world.parked();
    await world.pass(1_000);
    expect([caller.parked, slot.current?.state, slot.current?.parker?.userId]).toEqual([
      true,
      ParkState.PARKED,
      'alice',
    ]);
    const phone = world.here.sim.call('1003', '*5701');
    await world.pass(500);
    expect(caller.peer).toBe(phone);
  } finally {
    await world.close();
  }
});

test('parks that could not all be listed are not counted as none, so that their node is not taken out (D3)', async () => {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const { slot } = world;
    const config = { tenants: [{ tenantId: 'acme' }], limits: DEFAULT_MEDIA_LIMITS };
    const lists = { api: slot, config, node: 'here' } as unknown as Parameters<typeof parksOf>[0];
    await world.parked();
    expect(await parksOf(lists)).toHaveLength(1);
    const over = troubled(slot, Reason.PERMISSION_DENIED);
    expect(await parksOf(lists)).toBeUndefined();
    over();
    troubled(slot, Reason.TENANT_NOT_FOUND);
    expect(await parksOf(lists)).toEqual([]);
  } finally {
    await world.close();
  }
});
