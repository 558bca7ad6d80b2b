import { ParkState } from '@parkade/proto';
import type { Channel, SimulatedSwitch } from '@parkade/media-simulator';
import { afterEach, expect, test } from 'vitest';
import { until, World } from './world.js';

let world: World;

afterEach(() => world.close());

/** Two nodes and two media processes; a caller is parked at the first node. */
async function start(): Promise<{ caller: Channel; here: SimulatedSwitch; there: SimulatedSwitch }> {
  world = await World.start({ nodes: ['media-1', 'media-2'] });
  const second = await world.addMedia('media-b');
  // Each process has a node, so that calls come to one that does not own theirs.
  await until(() => second.nodesUp().length === 1 && world.media.nodesUp().length === 1);
  const [here, there] = [...world.switches.values()];
  if (here === undefined || there === undefined) throw new Error('two switches are needed');
  const [caller, callee] = await world.talk('2001', '1001', here);
  here.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  await until(() => caller.variables.has('parkade_park') && caller.nested !== undefined);
  return { caller, here, there };
}

test('a phone at another node fetches the caller: it is sent to his node, and they talk', async () => {
  const { caller, there } = await start();
  const taker = there.call('1002', '*5701');
  await until(() => caller.peer !== undefined && taker.peer !== undefined);
  await world.allFree();
  expect([caller.isAlive, taker.isAlive]).toEqual([true, true]);
  there.hangUp(taker);
  await until(() => !caller.isAlive);
});

test('a retriever who hangs up on his way to the other node loses nobody: the caller is back in his slot', async () => {
  const { caller, here, there } = await start();
  const taker = there.call('1002', '*5701');
  here.core.listen((fields) => {
    const isHis =
      fields['Event-Name'] === 'CHANNEL_CREATE' && fields['Caller-Destination-Number']?.startsWith('pickup-');
    if (isHis === true) there.hangUp(taker);
  });
  await until(() => !taker.isAlive);
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  expect([caller.isAlive, caller.parked]).toEqual([true, true]);
});

test('a pickup number is good once: replayed, guessed, or dialled by a phone it is refused, and the caller stays parked', async () => {
  const { caller, here, there } = await start();
  const numbers: string[] = [];
  here.core.listen((fields) => {
    const dialled = fields['Caller-Destination-Number'] ?? '';
    if (dialled.startsWith('pickup-')) numbers.push(dialled);
  });
  here.core.beforeBridge = () =>
    here.core.hangUp(
      [...here.core.channels.values()].find((leg) => leg.name.includes('trunk')) ?? caller,
      'NORMAL_CLEARING',
    );
  const taker = there.call('1002', '*5701');
  await until(() => !taker.isAlive && caller.parked && caller.nested !== undefined);
  here.core.beforeBridge = () => undefined;
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  here.phone('3000', { context: 'parkade-pickup', authenticated: false });
  for (const number of [numbers[0] ?? '', 'pickup-AAAAAAAAAAAAAAAAAAAAAAAA']) {
    const leg = here.call('3000', number);
    await until(() => !leg.isAlive);
    expect(leg.cause).toBe('CALL_REJECTED');
  }
  expect([caller.parked, caller.isAlive]).toEqual([true, true]);
  expect(world.logged.join('\n')).not.toContain(numbers[0] ?? 'pickup-');
});

test('a process that drains hands its node over: parked callers stay, and the other process serves them', async () => {
  world = await World.start();
  const second = await world.addMedia('media-b');
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  await until(() => caller.variables.has('parkade_park'));
  const [owner, other] = world.media.nodesUp().length === 1 ? [world.media, second] : [second, world.media];
  await owner.drain(5_000);
  await until(() => other.nodesUp().length === 1 && other.parkedCalls() === 1);
  // The first listener of the dial plan is gone: the call reaches the second.
  const taker = world.sim.call('1002', '*5701');
  await until(() => taker.peer === caller);
  await world.allFree();
});
