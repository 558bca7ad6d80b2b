import type { Channel } from '@parkade/media-simulator';
import { ParkState } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

test('a media process is killed with calls parked at both nodes: they wait on, and the other process serves them', async () => {
  const { there } = world();
  const one = await world().parked('701', '2001');
  const two = await world().parked('702', '2002', there);
  await world().kill('media-a');
  expect([one.caller.parked, two.caller.parked]).toEqual([true, true]);
  await world().until('the other controls both', async () =>
    (await Promise.all(world().nodes.map(({ name }) => world().ownerOf(name)))).every((owner) => owner === 'media-b'),
  );
  expect((await world().park('701')).parkId).toBe(one.park.parkId);
  await world().join(there.sim.call('1002', '*5701'), one.caller);
  world().hangUp(two.caller);
  await world().allFree();
  await world().startMedia('media-a');
  await world().until('each has a node again', async () => {
    const owners = await Promise.all(world().nodes.map(({ name }) => world().ownerOf(name)));
    return new Set(owners).size === 2 && !owners.includes(undefined);
  });
});

test('a conversation with a fetched call goes on when the media processes are gone, and those who wait wait on', async () => {
  const { sim } = world();
  const talking = await world().parked('701', '2001');
  const taker = sim.call('1002', '*5701');
  await world().join(taker, talking.caller);
  const waiting = await world().parked('702', '2002');
  await Promise.all(['media-a', 'media-b'].map((name) => world().kill(name)));
  // Whatever the end of a connection does to its leg is done before a later call is answered.
  await world().talk('2003', '1003');
  expect([taker.peer, waiting.caller.parked]).toEqual([talking.caller, true]);
  await Promise.all(['media-a', 'media-b'].map((name) => world().startMedia(name)));
  await world().controlled();
});

/** Kills the owner of the first node in the middle of a pickup, between the bridge's command and its effect. */
async function killedMidPickup(meanwhile: () => void = () => undefined): Promise<string> {
  const { sim } = world();
  const owner = (await world().ownerOf('media-1')) ?? '';
  let killed: Promise<void> | undefined;
  sim.core.beforeBridge = () => {
    sim.core.beforeBridge = () => undefined;
    killed = world().kill(owner);
    meanwhile();
  };
  await world().until('it is killed', () => killed !== undefined);
  await killed;
  return owner;
}

/** What the attempt to fetch whoever is in a slot had for its time. */
async function overAtMs(slot: string): Promise<number> {
  return timestampMs((await world().park(slot, ParkState.RETRIEVING)).giveUpAt ?? { seconds: 0, nanos: 0 });
}

test('a media process is killed in the middle of a pickup that comes to nothing: its next owner puts the caller back at once (R3)', async () => {
  const { sim } = world();
  const { caller, park } = await world().parked('701');
  const taker = sim.call('1002', '*5701');
  const owner = await killedMidPickup(() => world().hangUp(taker));
  const overMs = await overAtMs('701');
  await world().controlled();
  await world().waits(caller);
  expect((await world().park('701')).parkId).toBe(park.parkId);
  expect(Date.now()).toBeLessThan(overMs);
  await world().join(sim.call('1003', '*5701'), caller);
  await world().startMedia(owner);
});

test.each(['here', 'there'] as const)(
  'a media process is killed in the middle of a pickup by a phone %s, and they talk: its next owner frees the slot at once',
  async (where) => {
    const { caller, park } = await world().parked('701');
    const taker = world()[where].sim.call('1002', '*5701');
    world().talked.mayTalk(taker, caller);
    const owner = await killedMidPickup();
    const overMs = await overAtMs('701');
    await world().join(taker, caller);
    await world().allFree();
    expect(Date.now()).toBeLessThan(overMs);
    expect(await world().endedAs(park.parkId)).toBe('retrieved');
    expect([caller.isAlive, taker.isAlive]).toEqual([true, true]);
    await world().startMedia(owner);
    await world().controlled();
  },
);

test('a media process is killed while it parks a caller: its next owner parks him, once, where he was sent', async () => {
  const { sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  const owner = (await world().ownerOf('media-1')) ?? '';
  let killed: Promise<void> | undefined;
  const unlisten = sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'CHANNEL_PARK' && fields['Unique-ID'] === caller.uuid) killed ??= world().kill(owner);
  });
  sim.transferBlind(desk, '701');
  await world().until('it is killed', () => killed !== undefined);
  await killed;
  unlisten();
  const park = await world().park('701');
  await world().waits(caller, park.parkId);
  expect(await world().parks()).toHaveLength(1);
  await world().join(sim.call('1002', '*5701'), caller);
  await world().startMedia(owner);
  await world().controlled();
});

test('a media process is frozen in the middle of a pickup, and goes on when another has its node: it writes nothing to the switch, and each call is fetched once', async () => {
  const { sim, here } = world();
  const fetched = await world().parked('701', '2001');
  const wanted = await world().parked('702', '2002');
  const waiting = await world().parked('703', '2003');
  const owner = (await world().ownerOf('media-1')) ?? '';
  const old = here.wire.said.at(-1);
  let frozen: Promise<void> | undefined;
  sim.core.beforeBridge = () => {
    sim.core.beforeBridge = () => undefined;
    frozen = world().kill(owner, 'SIGSTOP');
  };
  const bridges = (caller: Channel): number =>
    world().talked.conversations.filter(({ a, b }) => a === caller || b === caller).length;
  const before = [fetched, wanted, waiting].map(({ caller }) => bridges(caller));
  try {
    const first = sim.call('1002', '*5701');
    world().talked.mayTalk(first, fetched.caller);
    await world().until('it is frozen', () => frozen !== undefined);
    await frozen;
    expect(old?.isOpen).toBe(true);
    const said = old?.bytes;
    // Who calls now stands before the frozen process, which hears of it when it goes on.
    const second = sim.call('1003', '*5702');
    world().talked.mayTalk(second, wanted.caller);
    await world().until('another has the node', async () => {
      const next = await world().ownerOf('media-1');
      return next !== undefined && next !== owner;
    });
    await world().join(first, fetched.caller);
    expect([wanted.caller.parked, waiting.caller.parked]).toEqual([true, true]);
    await world().kill(owner, 'SIGCONT');
    await world().until('it has let the switch go', () => old?.isOpen === false);
    expect(old?.bytes).toBe(said);
    await world().join(second, wanted.caller);
  } finally {
    await world().kill(owner, 'SIGCONT');
  }
  expect(await world().endedAs(fetched.park.parkId)).toBe('retrieved');
  expect(await world().endedAs(wanted.park.parkId)).toBe('retrieved');
  expect((await world().park('703')).parkId).toBe(waiting.park.parkId);
  await world().join(sim.call('1004', '*5703'), waiting.caller);
  await world().controlled();
  const after = [fetched, wanted, waiting].map(({ caller }, i) => bridges(caller) - (before[i] ?? 0));
  expect(after).toEqual([1, 1, 1]);
});

test('a process that is told to stop hands its node over: parked callers stay, and the other process serves them', async () => {
  const { sim } = world();
  const { caller } = await world().parked('701');
  const owner = (await world().ownerOf('media-1')) ?? '';
  await world().kill(owner, 'SIGTERM');
  await world().join(sim.call('1002', '*5701'), caller);
  await world().allFree();
  await world().startMedia(owner);
});

test('every process is stopped while calls are transferred: they wait with music, and are parked or given back', async () => {
  const { sim } = world();
  const before = await world().parked('701', '2001');
  const [late, firstDesk] = await world().talk('2002', '1002');
  const [soon, secondDesk] = await world().talk('2003', '1003');
  await world().stopEverything();
  world().dialplan.pendingS = 2;
  sim.transferBlind(firstDesk, '702');
  await world().until('he hears music', () => late.running?.argument === 'local_stream://moh');
  expect([late.variables.get('parkade_pending'), before.caller.parked]).toEqual(['true', true]);
  // Nobody comes in time: the dial plan itself gives him back.
  await world().join(late, '1002');
  world().dialplan.pendingS = 60;
  sim.transferBlind(secondDesk, '703');
  await world().until('he hears music', () => soon.running?.argument === 'local_stream://moh');
  await world().startEverything();
  const park = await world().park('703');
  expect(park).toMatchObject({ call: { callId: soon.uuid }, parker: { extension: '1003' } });
  expect((await world().park('701')).parkId).toBe(before.park.parkId);
  await world().join(sim.call('1004', '*5701'), before.caller);
  expect(late.isAlive).toBe(true);
});
