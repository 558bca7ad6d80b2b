import type { Channel } from '@parkade/media-simulator';
import { followEvents } from '@parkade/presence';
import { type Park, ParkState } from '@parkade/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from './world.js';

let world: World;
let caller: Channel;
let park: Park;

// A call that 1001 has parked in 701, and that somebody at the board wants at 1002.
beforeEach(async () => {
  world = await World.start({ http: true });
  const leg = world.sim.call('2001', '1001', { callerName: 'Ada', callerNumber: '5550100' });
  await world.until('it is so', () => leg.peer !== undefined);
  world.sim.transferBlind(leg.peer ?? leg, '701');
  [caller, park] = [leg, await world.park('701')];
  await world.until('he waits', waits);
});
afterEach(() => world.close());

const waits = (): boolean =>
  caller.parked && caller.nested?.argument === 'local_stream://moh' && caller.variables.has('parkade_park');

interface Told {
  readonly status: number;
  readonly detail: string;
}

async function wanted(extension = '1002', tenantId = 'acme'): Promise<Told> {
  const response = await fetch(`${world.gateway.httpUrl ?? ''}/board/api/command`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ do: 'retrieve', tenantId, parkId: park.parkId, extension }),
  });
  const { detail = '' } = response.status === 204 ? {} : ((await response.json()) as { detail?: string });
  return { status: response.status, detail };
}

/** The phone of 1002. */
const phone = () => world.sim.phone('1002');

async function rings(): Promise<Channel> {
  phone().behaviour = { kind: 'rings' };
  await world.until('it is so', () => phone().legs.length > 0);
  const [leg] = phone().legs;
  if (leg === undefined) throw new Error('it does not ring');
  return leg;
}

test('a call that is wanted at an extension rings there, as who he is, and is had by whoever answers; then the slot is free (R18)', async () => {
  phone().behaviour = { kind: 'rings' };
  const recorded: unknown[] = [];
  const kinds: ReadonlySet<string> = new Set(['retrieve-begun', 'retrieved']);
  await followEvents(world.bus, { kinds, replay: 'all' }, (event) =>
    recorded.push([event.kind, 'by' in event ? event.by : undefined]),
  );
  const told = wanted();
  const leg = await rings();
  // While it rings the call is anybody's, and the leg says what it is for, should its process be gone (K3).
  expect([waits(), (await world.park('701')).state]).toEqual([true, ParkState.PARKED]);
  expect(leg.variables.get('parkade_retrieve')).toBe(park.parkId);
  expect(phone().shown.at(-1)).toMatchObject({ name: 'Ada', number: '5550100' });
  world.sim.pickUp(leg);
  expect(await told).toEqual({ status: 204, detail: '' });
  expect(caller.peer).toBe(leg);
  await world.allFree();
  expect(await world.endedAs(park.parkId)).toBe('retrieved');
  // Who asked for it at the board stands in the records, and not the process that did it.
  const by = {
    principal: 'anybody',
    peer: expect.stringContaining('127.0.0.1') as string,
    operation: 'board retrieve',
  };
  await world.until('both halves are told', () => recorded.length === 2);
  expect(recorded).toEqual([
    ['retrieve-begun', by],
    ['retrieved', by],
  ]);
  expect([leg.variables.has('parkade_retrieve'), caller.variables.has('parkade_park')]).toEqual([false, false]);
});

test.each([
  [{ kind: 'busy' }, '1002 is busy'],
  [{ kind: 'no-response' }, 'Nobody has answered at 1002'],
  [{ kind: 'unreachable' }, '1002 could not be connected'],
] as const)(
  'of a phone that has not answered (%o) is told why, and the call stays parked (R3)',
  async (behaviour, why) => {
    phone().behaviour = behaviour;
    expect(await wanted()).toMatchObject({ status: 409, detail: `${why}. The call is still parked.` });
    phone().behaviour = { kind: 'answers', afterMs: 0 };
    phone().registered = false;
    expect((await wanted()).detail).toContain('1002 has no phone now');
    expect([waits(), (await world.park('701')).parkId, phone().legs]).toEqual([true, park.parkId, []]);
  },
);

test('a phone stops ringing when somebody else has fetched the call, or the caller has hung up', async () => {
  phone().behaviour = { kind: 'rings' };
  const told = wanted();
  await rings();
  const taker = world.sim.call('1003', '*5701');
  await world.until('it is so', () => taker.peer === caller);
  expect(await told).toEqual({ status: 409, detail: 'The call is not parked any more.' });
  expect([phone().legs, caller.peer]).toEqual([[], taker]);
  await world.allFree();
  // So it is told at once who comes after.
  expect((await wanted()).detail).toContain('has ended');
  expect(phone().shown).toHaveLength(1);
});

test('of two who want a call, who answers first has it; the other phone stops, and talks with nobody (R2)', async () => {
  const others = world.sim.phone('1003');
  phone().behaviour = others.behaviour = { kind: 'rings' };
  const told = [wanted(), wanted('1003')];
  const leg = await rings();
  await world.until('it is so', () => others.legs.length > 0);
  for (const one of [leg, ...others.legs]) world.sim.pickUp(one);
  const statuses = (await Promise.all(told)).map(({ status }) => status).sort();
  expect(statuses).toEqual([204, 409]);
  await world.until('it is so', () => phone().legs.length + others.legs.length === 1);
  expect(caller.peer?.isAlive).toBe(true);
  await world.allFree();
});

test('a phone that hangs up at the instant of the bridge loses nobody: the caller is back, with music (R3)', async () => {
  world.sim.core.beforeBridge = () => phone().legs.forEach((leg) => world.sim.hangUp(leg));
  expect(await wanted()).toMatchObject({ status: 409 });
  await world.until('he waits', waits);
  expect((await world.park('701')).parkId).toBe(park.parkId);
});

test('nobody is rung by what is no extension, or for a call of another tenant (R23)', async () => {
  const { shown } = phone();
  for (const extension of ['1002@other.example', '1002,1003', '1002|sofia/x', '${x}']) {
    expect((await wanted(extension)).status).toBe(409);
  }
  expect((await wanted('1002', 'beta')).status).toBe(404);
  expect([shown, waits()]).toEqual([[], true]);
});
