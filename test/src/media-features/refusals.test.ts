import type { Channel } from '@parkade/media-simulator';
import { putTenant } from '@parkade/settings';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.js';

let world: World;

afterEach(() => world.close());

/** The files a switch plays, from now on. */
function sounds(): string[] {
  const heard: string[] = [];
  world.sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'PLAYBACK_START') heard.push(fields['Playback-File-Path'] ?? '');
  });
  return heard;
}

async function refusedAloud(leg: Channel, heard: readonly string[]): Promise<string | undefined> {
  await world.until('it is so', () => !leg.isAlive);
  return heard.at(-1);
}

test('a leg that comes out of a conference is refused aloud, and nothing is parked (R11)', async () => {
  world = await World.start();
  const heard = sounds();
  const leg = world.sim.call('1001', '*4');
  leg.variables.set('conference_member_id', '7');
  expect(await refusedAloud(leg, heard)).toBe('ivr/ivr-call_rejected.wav');
  expect(await world.parks()).toEqual([]);
});

test('a call that is transferred while it is in a conference goes back to its parker, whose phone says why (R11)', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  caller.variables.set('conference_call_key', 'room_acme_1');
  world.sim.transferBlind(callee, '701');
  await world.until('it is so', () => !callee.isAlive && caller.peer?.phone.user === '1001');
  expect(caller.variables.get('effective_caller_id_name')).toBe('Not parked (conference): 2001');
  expect(await world.parks()).toEqual([]);
});

test('a call that nobody has answered is not parked: it goes back to its parker, whose phone says why, and is not hung up (R11)', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  caller.answerState = 'ringing';
  world.sim.transferBlind(callee, '701');
  await world.until('it is so', () => !callee.isAlive && caller.variables.has('effective_caller_id_name'));
  expect(caller.variables.get('effective_caller_id_name')).toBe('Not parked (not answered): 2001');
  expect([caller.isAlive, await world.parks()]).toEqual([true, []]);
});

test('a full lot is told apart from a slot in use, and from parking that is off (R11)', async () => {
  world = await World.start();
  const heard = sounds();
  for (const slot of ['701', '702', '703']) {
    const [, callee] = await world.talk('2001', '1001');
    world.sim.transferBlind(callee, slot);
    await world.park(slot);
  }
  expect(await refusedAloud(world.sim.call('1002', '*4'), heard)).toBe('ivr/ivr-maximum_number_of_channels.wav');
  expect((await putTenant(world.store, 'acme', { enabled: false })).ok).toBe(true);
  // The settings arrive by a watch: the code is dialled until they have.
  await world.until('parking is off', async () => {
    const leg = world.sim.call('1002', '*68');
    await world.until('it was told, or parks', async () => !leg.isAlive || (await world.parks()).length > 3);
    world.sim.hangUp(leg);
    return heard.at(-1) === 'ivr/ivr-not_have_permission.wav';
  });
});

test('a call that does not fit goes back to its parker with the reason on the display', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '799');
  await world.until('it is so', () => !callee.isAlive && caller.peer?.phone.user === '1001');
  expect(caller.variables.get('effective_caller_id_name')).toBe('Not parked (no such slot): 2001');
});

test('a caller who withholds his number has none in the slot, in its lamp, in notices, or for a recall (R17)', async () => {
  world = await World.start({ settings: { park_info: {}, switch_lamps: true } });
  const told: string[] = [];
  world.sim.core.listen((fields) => {
    const name = fields['Event-Name'];
    if (name === 'NOTIFY' || name === 'PRESENCE_IN') told.push(JSON.stringify(fields));
  });
  const caller = world.sim.call('2001', '1001', {
    callerName: 'Ada',
    callerNumber: '5550100',
    headers: { Privacy: 'id' },
  });
  await world.until('it is so', () => caller.peer !== undefined);
  world.sim.transferBlind(caller.peer ?? caller, '701');
  const park = await world.park('701');
  expect(park.call).toMatchObject({ callerName: 'Anonymous', callerNumber: '', callId: caller.uuid });
  await world.until('it is so', () => told.length >= 2);
  const lamp = await world.bus.last('parkade.v1.presence.acme.default.701');
  const shown = `${told.join('\n')}${Buffer.from(lamp?.payload ?? []).toString('utf8')}`;
  expect(shown).toContain('Anonymous');
  expect(shown).not.toMatch(/5550100|Ada/);
});
