import type { Channel } from '@parkade/media-simulator';
import { ParkState } from '@parkade/proto';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.js';

let world: World;

afterEach(() => world.close());

const PAGE = { extensions: ['1002', '1003'], limit_ms: 20_000 };

const paged = (user: string): Channel | undefined => world.sim.phone(user).legs[0];

async function park(): Promise<Channel> {
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701');
  await world.until('it is so', () => caller.variables.has('parkade_park'));
  return caller;
}

test('phones of the page answer by themselves and say the slot; they stop when somebody fetches the call (R21)', async () => {
  world = await World.start({ settings: { page: PAGE }, soundMs: 60_000 });
  const caller = await park();
  await world.until('it is so', () => ['1002', '1003'].every((user) => paged(user)?.nested !== undefined));
  const leg = paged('1003');
  expect(leg?.nested?.argument).toBe('file_string://digits/7.wav!digits/0.wav!digits/1.wav');
  expect(leg?.variables.get('sip_h_Call-Info')).toBe('<sip:acme.example>;answer-after=0');
  const taker = world.sim.call('2002', '*5701');
  await world.until('it is so', () => taker.peer === caller);
  await world.until('it is so', () => paged('1002') === undefined && paged('1003') === undefined);
  await world.allFree();
});

test('a page ends after its limit; the parked call is not touched (R21)', async () => {
  world = await World.start({ settings: { page: { ...PAGE, limit_ms: 1_000 } } });
  const caller = await park();
  await world.until('it is so', () => paged('1002') !== undefined);
  await world.until('it is so', () => paged('1002') === undefined && paged('1003') === undefined);
  expect([caller.parked, caller.isAlive]).toEqual([true, true]);
  expect((await world.park('701')).state).toBe(ParkState.PARKED);
});

test('a phone that still rings stops with the call; one that is busy or not registered changes nothing', async () => {
  world = await World.start({ settings: { page: { ...PAGE, extensions: ['1002', '1003', '1099'] } } });
  world.sim.phone('1002').behaviour = { kind: 'busy' };
  world.sim.phone('1003').behaviour = { kind: 'rings' };
  const caller = await park();
  await world.until('it is so', () => paged('1003') !== undefined);
  expect(caller.parked).toBe(true);
  world.sim.hangUp(caller);
  await world.until('it is so', () => paged('1003') === undefined);
  await world.allFree();
});
