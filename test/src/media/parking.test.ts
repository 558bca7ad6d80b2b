import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

test('a blind transfer to a slot parks the caller, with music, in the switch itself, and lights its lamp', async () => {
  const { sim, lamps } = world();
  const { caller, park } = await world().parked('701');
  expect(park.call).toMatchObject({ mediaNode: 'media-1', callId: caller.uuid, callerNumber: '2001' });
  expect(park.parker?.extension).toBe('1001');
  expect(caller.variables.get('parkade_park')).toBe(`${park.parkId}:${park.revision}`);
  expect([caller.parked, caller.state, sim.core.find(caller.uuid)]).toEqual([true, 'CS_PARK', caller]);
  await world().until('the lamp is lit', () => lamps.state('701') === 'early');
});

test('the caller who parks the one he called: the called party is the parked one', async () => {
  const [caller, callee] = await world().talk('2001', '1001');
  world().talked.mayEnd(caller);
  world().sim.transferBlind(caller, '*4');
  const park = await world().park('701');
  expect(park.call).toMatchObject({ callId: callee.uuid, callerNumber: '1001' });
  expect(park.parker?.extension).toBe('2001');
});

test('a caller who hangs up while he is parked frees the slot', async () => {
  const { caller } = await world().parked('701');
  world().hangUp(caller);
  await world().allFree();
});

test('extensions and groups: *68, *68ext, *58 park there, and *88 fetches', async () => {
  const { sim } = world();
  const [first, deskOfFirst] = await world().talk('2001', '1001');
  sim.transferBlind(deskOfFirst, '*68');
  expect((await world().park('1001')).call?.callId).toBe(first.uuid);
  const [second, deskOfSecond] = await world().talk('2002', '1001');
  sim.transferBlind(deskOfSecond, '*58');
  expect((await world().park('1002')).call?.callId).toBe(second.uuid);
  await world().join(sim.call('1002', '*88'), second);
  await world().join(sim.call('1003', '*881001'), first);
  await world().allFree();
});

test('a transfer to a taken slot hangs nobody up: the parker is rung, the call waits meanwhile, the slot is unchanged (R5)', async () => {
  const { sim } = world();
  const { caller: first, park } = await world().parked('701');
  sim.phone('1002').behaviour = { kind: 'rings' };
  const second = sim.call('2002', '1002');
  await world().until('the desk rings', () => sim.phone('1002').legs.some((leg) => sim.pickUp(leg)));
  await world().join(second, '1002');
  const [desk] = sim.phone('1002').legs;
  if (desk === undefined) throw new Error('no leg');
  const rungBefore = sim.phone('1002').shown.length;
  sim.transferBlind(desk, '701');
  await world().until('the parker is rung again', () => sim.phone('1002').shown.length > rungBefore);
  const parks = await world().parks();
  expect(parks.find(({ slot }) => slot === '701')).toMatchObject({ parkId: park.parkId, call: { callId: first.uuid } });
  expect(parks.find(({ lotId }) => lotId === '_holding')?.call?.callId).toBe(second.uuid);
  expect([second.parked, second.isAlive]).toEqual([true, true]);
  await world().until('the parker answers', () => sim.phone('1002').legs.some((leg) => sim.pickUp(leg)));
  await world().join(second, '1002');
  expect((await world().park('701')).parkId).toBe(park.parkId);
});

test('in a full lot the caller goes back to whoever wanted to park him, and no lamp is lit for him (R7)', async () => {
  const { sim, lamps } = world();
  sim.phone('2003', { context: 'small' });
  for (const [slot, caller] of [
    ['711', '2001'],
    ['712', '2002'],
  ] as const) {
    const leg = sim.call(caller, '1001', { context: 'small' });
    await world().join(leg, '1001');
    if (leg.peer !== undefined) sim.transferBlind(leg.peer, slot);
    await world().park(slot);
  }
  const caller = sim.call('2003', '1002', { context: 'small' });
  await world().join(caller, '1002');
  const first = caller.peer;
  if (first === undefined) throw new Error('nobody answered');
  sim.transferBlind(first, '*4');
  await world().until('the first leg of the desk has ended', () => !first.isAlive);
  await world().join(caller, '1002');
  expect((await world().parks()).map(({ slot }) => slot).sort()).toEqual(['711', '712']);
  await world().until('two lamps are lit', () => [...lamps.lit()].sort().join() === 'acme/small/711,acme/small/712');
});

test('a caller who hangs up while he waits without a slot leaves the holding lot, and nobody is rung for him', async () => {
  const { sim } = world();
  await world().parked('701');
  const desk = sim.phone('1002');
  const [second, leg] = await world().talk('2002', '1002');
  desk.behaviour = { kind: 'rings' };
  sim.transferBlind(leg, '701');
  await world().until('he waits without a slot', async () => (await world().parks()).length === 2);
  await world().until('the parker is rung', () => desk.legs.some(({ answerState }) => answerState === 'ringing'));
  world().hangUp(second);
  await world().until('he is gone', async () => (await world().parks()).every(({ slot }) => slot === '701'));
  await world().until('it rings no more', () => desk.legs.length === 0);
});

test('a group park by somebody who is in no group, or whose group is full, gives the caller back to him', async () => {
  const { sim } = world();
  const back = async (caller: string, desk: string): Promise<void> => {
    const [leg, first] = await world().talk(caller, desk);
    sim.transferBlind(first, '*58');
    await world().until('the first leg has ended', () => !first.isAlive);
    await world().join(leg, desk);
  };
  await back('2001', '1003');
  expect(await world().parks()).toEqual([]);
  for (const caller of ['2002', '2003']) {
    const [, desk] = await world().talk(caller, '1001');
    sim.transferBlind(desk, '*58');
  }
  await world().park('1001');
  await world().park('1002');
  await back('2004', '1001');
  expect(await world().parks()).toHaveLength(2);
});

test('a caller whose slot an operator has freed is not left alone: he goes back to his parker', async () => {
  const { caller, park } = await world().parked('701');
  await world().release(park);
  await world().join(caller, '1001');
  await world().until('the mark is gone or old', () => !caller.parked);
});

test('nobody gets a tenant by a header: a call that no rule fits is refused (R23)', async () => {
  const { sim, cluster } = world();
  sim.phone('9999', { domain: 'evil.example' });
  const { caller } = await world().parked('701');
  const headers = {
    'X-Tenant': 'acme',
    'Referred-By': '<sip:1001@acme.example>',
    'P-Asserted-Identity': '<sip:1001@acme.example>',
  };
  const leg = sim.call('9999', '*5701', { headers });
  await world().until('he is refused', () => !leg.isAlive);
  expect([leg.cause, caller.parked]).toEqual(['CALL_REJECTED', true]);
  expect(cluster.logs()).toContain('refused: no rule says whose call this is');
});

test('a phone of another tenant neither fetches nor sees what is parked here, in a slot of the same number (R23)', async () => {
  const { sim } = world();
  const { caller } = await world().parked('701');
  const stranger = sim.call('1201', '*5701');
  await world().until('his slot is empty', () => !stranger.isAlive);
  expect([stranger.cause, caller.parked]).toEqual(['NORMAL_CLEARING', true]);
  expect(await world().parks('beta')).toEqual([]);
});
