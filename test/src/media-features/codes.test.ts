import { putTenant } from '@parkade/settings';
import { ParkState } from '@parkade/proto';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.js';

let world: World;

afterEach(() => world.close());

test('a tenant has feature codes of its own, and those it has switched off are none', async () => {
  world = await World.start({ settings: { codes: { park_next: '#70', retrieve: '#71', park_group: '' } } });
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '#70');
  const park = await world.park('701');
  expect(park.call?.callId).toBe(caller.uuid);
  // The default of a code that was given another one is not in force any more; the others are.
  const none = world.sim.call('1002', '*4');
  await world.until('it is so', () => !none.isAlive);
  expect((await world.parks()).length).toBe(1);
  const taker = world.sim.call('1002', '#71701');
  await world.until('it is so', () => taker.peer === caller);
});

test('a change of the codes is in force at once, for the very next call', async () => {
  world = await World.start();
  const first = world.sim.call('1001', '*3702');
  await world.park('702', ParkState.RESERVED);
  world.sim.hangUp(first);
  await world.allFree();
  const written = await putTenant(world.store, 'acme', { codes: { auto: '*33' } });
  expect(written.ok).toBe(true);
  world.sim.call('1001', '*33702');
  await world.park('702', ParkState.RESERVED);
});

test('the park server has an extension: transferred to it a call is parked at the parker, dialled it gives it back', async () => {
  world = await World.start({ settings: { extension_number: '9000' } });
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '9000');
  const park = await world.park('1001');
  expect(park.lotId).toBe('_extensions');
  const taker = world.sim.call('1001', '9000');
  await world.until('it is so', () => taker.peer === caller);
  await world.allFree();
});
