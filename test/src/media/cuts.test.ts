import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

test('the connection to a node is cut and healed: who hung up meanwhile is found gone, who waits keeps his slot', async () => {
  const { here, sim } = world();
  const gone = await world().parked('701', '2001');
  const stays = await world().parked('702', '2002');
  await here.wire.cut();
  await world().until('the switch has nobody', () => sim.controllers === 0);
  world().hangUp(gone.caller);
  await here.wire.heal();
  await world().until('only one is parked', async () => (await world().parks()).length === 1);
  expect((await world().park('702')).parkId).toBe(stays.park.parkId);
  await world().join(sim.call('1002', '*5702'), stays.caller);
});

test('while a node cannot be reached a call to a code of it waits with music, and is parked when it can', async () => {
  const { here, sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  await here.wire.cut();
  sim.transferBlind(desk, '703');
  await world().until('it waits as pending', () => caller.variables.get('parkade_pending') === 'true');
  await here.wire.heal();
  expect((await world().park('703')).call?.callId).toBe(caller.uuid);
});

test('a caller who is transferred while the cluster cannot be reached goes back to his parker when it stays away', async () => {
  const { sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  await world().kill('gateway-1');
  sim.transferBlind(desk, '702');
  await world().until('he hears music', () => caller.nested?.argument === 'local_stream://moh');
  expect(caller.variables.get('parkade_pending')).toBe('true');
  await world().join(caller, '1001');
  await world().cluster.startGateway('gateway-1');
  await world().until('nothing is parked', async () => (await world().parks()).length === 0);
  expect(caller.isAlive).toBe(true);
});

test('a caller who is transferred while the cluster cannot be reached is parked when it comes back in time', async () => {
  const { sim } = world();
  const [caller, desk] = await world().talk('2001', '1002');
  await world().kill('gateway-1');
  sim.transferBlind(desk, '702');
  await world().until('he hears music', () => caller.nested?.argument === 'local_stream://moh');
  await world().cluster.startGateway('gateway-1');
  const park = await world().park('702');
  expect(park).toMatchObject({ call: { callId: caller.uuid }, parker: { extension: '1002' } });
  await world().waits(caller, park.parkId);
});
