import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '@parkade/media-simulator';
import { type CallRef, Direction, ParkState } from '@parkade/proto';
import { afterEach, expect, test } from 'vitest';
import { until, World } from './world.js';

let world: World;

afterEach(() => world.close());

function callRefOf(leg: Channel): CallRef {
  const none = { callerName: '', callerNumber: '', direction: Direction.INBOUND, sipCallId: '' };
  return { mediaNode: 'media-1', callId: leg.uuid, ...none };
}

async function parkedIn(slot: string): Promise<Channel> {
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, slot);
  await world.park(slot, (one) => one?.state === ParkState.PARKED);
  await until(() => caller.variables.has('parkade_park') && caller.nested !== undefined);
  return caller;
}

test('a media process that is gone leaves parked callers where they are; the next one serves them', async () => {
  world = await World.start();
  const caller = await parkedIn('701');
  await world.media.close();
  expect([caller.isAlive, caller.parked, caller.nested?.argument]).toEqual([true, true, 'local_stream://moh']);
  world.medias.length = 0;
  world.listeners.length = 0;
  const next = await world.addMedia('media-b');
  await until(() => next.nodesUp().length === 1 && next.parkedCalls() === 1);
  const taker = world.sim.call('1002', '*5701');
  await until(() => taker.peer === caller);
  await world.allFree();
});

test('a conversation with a fetched call goes on when the media process is gone, and the connections of the dial plan with it', async () => {
  world = await World.start();
  const caller = await parkedIn('701');
  const taker = world.sim.call('1002', '*5701');
  await until(() => taker.peer === caller);
  const parked = await parkedIn('702');
  await world.media.close();
  world.medias.length = 0;
  // Whatever the end of a connection does to its leg is done before a later call is answered.
  await world.talk('2002', '1003');
  expect([taker.peer, parked.parked, parked.nested?.argument]).toEqual([caller, true, 'local_stream://moh']);
});

test('calls that are transferred to codes while no process listens wait with music, and are parked afterwards', async () => {
  world = await World.start();
  await world.media.close();
  world.medias.length = 0;
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '702');
  await until(
    () => caller.variables.get('parkade_pending') === 'true' && caller.running?.application === 'endless_playback',
  );
  world.listeners.length = 0;
  await world.addMedia('media-b');
  const park = await world.park('702', (one) => one?.state === ParkState.PARKED);
  expect(park?.call?.callId).toBe(caller.uuid);
  expect(park?.parker?.extension).toBe('1001');
});

test('a caller who hangs up while the connection is cut is found gone when it is back: no slot stays stuck', async () => {
  world = await World.start();
  const caller = await parkedIn('701');
  await world.sim.cut();
  await until(() => world.media.nodesUp().length === 0);
  world.sim.hangUp(caller);
  await world.sim.heal();
  await world.allFree();
});

test('a connection that was cut and healed leaves those who are still there in their slots', async () => {
  world = await World.start();
  const caller = await parkedIn('701');
  const before = await world.park('701');
  await world.sim.cut();
  await until(() => world.media.nodesUp().length === 0);
  await world.sim.heal();
  await until(() => world.media.nodesUp().length === 1);
  await world.media.reconcile();
  expect((await world.park('701'))?.parkId).toBe(before?.parkId);
  const taker = world.sim.call('1002', '*5701');
  await until(() => taker.peer === caller);
});

test('a switch that was started again without its calls frees their slots', async () => {
  world = await World.start();
  await parkedIn('701');
  await world.sim.crash();
  await world.sim.restart();
  await world.allFree();
});

test('a switch that stops says so: its slots are free at once', async () => {
  world = await World.start();
  await parkedIn('701');
  await world.sim.shutDown();
  await world.allFree();
});

test('a switch that tracks calls brings a parked caller back: same slot, same park, and he can be fetched', async () => {
  world = await World.start({ trackCalls: true });
  const caller = await parkedIn('701');
  const before = await world.park('701');
  await world.sim.crash();
  await world.sim.restart();
  await until(() => world.sim.core.find(caller.uuid)?.running?.application === 'park');
  await until(() => world.media.parkedCalls() === 1);
  expect((await world.park('701'))?.parkId).toBe(before?.parkId);
  const taker = world.sim.call('1002', '*5701');
  await until(() => taker.peer?.uuid === caller.uuid);
});

test('a retrieve whose driver is gone is given back after its time, because the switch shows the caller waiting', async () => {
  world = await World.start({ limits: { reconcileMs: 200 } });
  const caller = await parkedIn('701');
  const retriever = { ...callRefOf(caller), callId: 'somebody-who-is-gone' };
  await world.beginRetrieve('701', retriever, 1);
  await world.park('701', (one) => one?.state === ParkState.RETRIEVING);
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  expect(caller.nested?.argument).toBe('local_stream://moh');
}, 30_000);

test('somebody who names another call at the outbound port changes nothing', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  const rogue = connect({ host: '127.0.0.1', port: world.media.outboundPort ?? 0 });
  rogue.on('error', () => undefined);
  rogue.write(
    `Event-Name: CHANNEL_DATA\nUnique-ID: ${caller.uuid}\nFreeSWITCH-Switchname: media-1\nCaller-Destination-Number: *4\nContent-Type: command/reply\nReply-Text: %2BOK%0A\n\n`,
  );
  await new Promise<void>((resolve) => rogue.on('close', () => resolve()).resume());
  await delay(50);
  expect(caller.peer).toBe(callee);
  expect(await world.parks()).toEqual([]);
});
