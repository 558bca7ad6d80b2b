import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

test('an attended park uses one slot: reserved by the parker, completed by the caller, the parker still the parker (R10)', async () => {
  const { sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  const consult = sim.call('1001', '*4');
  const reserved = await world().park('701', ParkState.RESERVED);
  await world().waitsReserved(consult);
  sim.transferAttended(desk, consult);
  const park = await world().park('701');
  expect(park).toMatchObject({ parkId: reserved.parkId, call: { callId: caller.uuid }, parker: { extension: '1001' } });
  expect(park.parkedAt).toEqual(reserved.parkedAt);
  expect(await world().parks()).toHaveLength(1);
  await world().waits(caller, park.parkId);
});

test('the consulting call is at another node than the caller: the reservation is found by its Call-ID all the same', async () => {
  const { sim, there } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  const consult = there.sim.call('1001', '*3702');
  const reserved = await world().park('702', ParkState.RESERVED);
  await world().waitsReserved(consult);
  sim.transferAttended(desk, consult, there.sim);
  const park = await world().park('702');
  expect(park).toMatchObject({ parkId: reserved.parkId, call: { callId: caller.uuid, mediaNode: 'media-1' } });
  await world().waits(caller, park.parkId);
  await world().join(sim.call('1002', '*5702'), caller);
});

test('the parker hears the slot he has reserved (R21)', async () => {
  const { sim } = world();
  const heard: string[] = [];
  sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'PLAYBACK_START') heard.push(fields['Playback-File-Path'] ?? '');
  });
  const consult = sim.call('1001', '*3702');
  await world().park('702', ParkState.RESERVED);
  await world().until('he hears it', () => heard.length > 0);
  expect(heard).toEqual(['file_string://digits/7.wav!digits/0.wav!digits/2.wav']);
  world().hangUp(consult);
});

test('a parker who hangs up without a transfer frees his reservation', async () => {
  const consult = world().sim.call('1001', '*4');
  await world().park('701', ParkState.RESERVED);
  await world().waitsReserved(consult);
  world().hangUp(consult);
  await world().allFree();
});

test('a completion after the reservation has ended parks the caller all the same, with his parker, in a free slot', async () => {
  const { sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  const consult = sim.call('1001', '*3702');
  await world().park('702', ParkState.RESERVED);
  await world().waitsReserved(consult);
  world().hangUp(consult);
  await world().allFree();
  sim.transferAttended(desk, consult);
  const park = await world().park('701');
  expect(park).toMatchObject({ call: { callId: caller.uuid }, parker: { extension: '1001' } });
  await world().waits(caller, park.parkId);
});

test('a phone that fetches from a reserved slot gets the caller once he has arrived', async () => {
  const { sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  const consult = sim.call('1001', '*3703');
  await world().park('703', ParkState.RESERVED);
  await world().waitsReserved(consult);
  const taker = sim.call('1002', '*5703');
  await world().until('the retriever has asked', () => taker.running?.application === 'socket');
  sim.transferAttended(desk, consult);
  await world().join(taker, caller);
  await world().allFree();
});

test('a caller who hangs up before the parker completes the transfer: the reservation ends, whether he gives up or transfers', async () => {
  const { sim } = world();
  for (const cause of ['NORMAL_CLEARING', 'ATTENDED_TRANSFER']) {
    const [caller] = await world().talk('2001', '1001');
    const consult = sim.call('1001', '*3702');
    await world().park('702', ParkState.RESERVED);
    await world().waitsReserved(consult);
    world().hangUp(caller);
    sim.hangUp(consult, cause);
    await world().allFree();
  }
});
