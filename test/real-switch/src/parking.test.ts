import { ParkState } from '@parkade/proto';
import { HOLDING_LOT } from '@parkade/ids';
import { expect, test } from 'vitest';
import { readSwitchSettings } from './system/settings.js';
import { withScene } from './system/with-system.js';

const scene = withScene(readSwitchSettings(process.env));

test('a blind transfer to a slot parks the caller, with music, in the switch’s own park', async () => {
  const { system, here } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, '701');
  const park = await system.park('701', (one) => one.state === ParkState.PARKED);
  expect(park.parker?.extension).toBe(bob.user);
  const leg = await here.legOf(line);
  expect(leg).toMatchObject({ 'Unique-ID': park.call?.callId, 'Answer-State': 'answered' });
  await system.until('marked', async () => {
    const mark = (await here.legOf(line))?.['variable_parkade_park'];
    return mark === `${park.parkId}:${park.revision}`;
  });
});

test('a phone that holds before it transfers parks all the same', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const [line, other] = await scene().talk(ada, bob);
  other.tell('HOLD');
  await other.waitFor('holds');
  other.transfer('701', bob.account.domain);
  await other.over();
  await system.park('701', (one) => one.state === ParkState.PARKED);
  await line.hearsSound();
});

test('the caller parks the one he called: the called party is the parked one, under his own number', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const [line, other] = await scene().talk(ada, bob);
  line.transfer('*4', ada.account.domain);
  await line.over();
  const park = await system.park('701', (one) => one.state === ParkState.PARKED);
  expect(park.call?.callerNumber).toBe(bob.user);
  expect(park.parker?.extension).toBe(ada.user);
  await other.hearsSound();
});

test('a parked caller is fetched from another phone: they talk, he is shown, and the slot is free (R18)', async () => {
  const { system, here } = scene();
  const [ada, bob, eve] = [await scene().caller(0), await scene().phone(1), await scene().caller(2)];
  const line = await scene().park(ada, bob, '701');
  const taker = await eve.call('*5701');
  await taker.waitFor('answered');
  await taker.talksWith(line);
  await system.allFree();
  await system.until('mark off', async () => (await here.legOf(line))?.['variable_parkade_park'] === undefined);
  expect(await taker.waitFor('shows')).toContain(ada.user);
  await taker.hangUp();
  await line.over();
});

test('dialling a slot in which somebody waits fetches him', async () => {
  const { system } = scene();
  const [ada, bob, eve] = [await scene().caller(0), await scene().phone(1), await scene().caller(2)];
  const line = await scene().park(ada, bob, '702');
  const taker = await eve.call('702');
  await taker.waitFor('answered');
  await taker.talksWith(line);
  await line.hangUp();
  await taker.over();
  await system.allFree();
});

test('an attended park uses one slot: the parker hears it, the caller takes his place, the parker stays the parker', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const [line, other] = await scene().talk(ada, bob);
  const consult = await bob.call('*4');
  await consult.waitFor('answered');
  const reserved = await system.park('701', (one) => one.state === ParkState.RESERVED);
  await consult.hearsSound();
  other.transferTo(consult, '*4', bob.account.domain);
  const park = await system.park('701', (one) => one.state === ParkState.PARKED);
  expect(park.parkId).toBe(reserved.parkId);
  expect(park.call?.callerNumber).toBe(ada.user);
  expect(park.parker?.extension).toBe(bob.user);
  expect(await system.parks()).toHaveLength(1);
  await other.over();
  await consult.over();
  await line.hearsSound();
  const taker = await (await scene().caller(2)).call('*5701');
  await taker.talksWith(line);
});

test('a parker who dials a slot himself holds it, hears it, and frees it when he hangs up without a transfer', async () => {
  const { system } = scene();
  const bob = await scene().caller(1);
  const consult = await bob.call('*3703');
  await consult.waitFor('answered');
  await system.park('703', (one) => one.state === ParkState.RESERVED);
  await consult.hearsSound();
  await consult.hangUp();
  await system.allFree();
});

test('an extension: parked at it by *68, fetched by *88 of its own phone', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const [line, other] = await scene().talk(ada, bob);
  other.transfer('*68', bob.account.domain);
  await other.over();
  const park = await system.park(bob.user, (one) => one.state === ParkState.PARKED);
  expect(park.call?.callerNumber).toBe(ada.user);
  const taker = await bob.call('*88');
  await taker.waitFor('answered');
  await taker.talksWith(line);
  await system.allFree();
});

test('a transfer to a taken slot hangs nobody up: the parker is rung for it, and the slot is unchanged', async () => {
  const { system } = scene();
  const [ada, bob, eve, joe] = [
    await scene().caller(0),
    await scene().phone(1),
    await scene().caller(2),
    await scene().phone(3),
  ];
  const first = await scene().park(ada, bob, '701');
  const [second, other] = await scene().talk(eve, joe);
  joe.behaviour = 'rings';
  other.transfer('701', joe.account.domain);
  await other.over();
  await system.until('in the holding lot', async () =>
    (await system.parks()).some((park) => park.lotId === HOLDING_LOT),
  );
  expect((await system.park('701')).call?.callerNumber).toBe(ada.user);
  const back = await joe.incoming();
  back.tell('ANSWER');
  await back.waitFor('answered');
  await back.talksWith(second);
  await first.hearsSound();
  await system.until('one parked', async () => (await system.parks()).length === 1);
});

test('in a full lot the caller goes back to whoever wanted to park him', async () => {
  const { system } = scene();
  await system.occupy(['701', '702', '703', '704']);
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const [line, other] = await scene().talk(ada, bob);
  other.transfer('*4', bob.account.domain);
  await other.over();
  const back = await bob.incoming();
  await back.waitFor('answered');
  await back.talksWith(line);
  expect(await system.parks()).toHaveLength(4);
});

test('fetching from an empty slot says so and ends; nothing is parked in its place', async () => {
  const { system } = scene();
  const taker = await (await scene().caller(0)).call('*5702');
  await taker.waitFor('answered');
  await taker.over();
  expect(await system.parks()).toEqual([]);
});
