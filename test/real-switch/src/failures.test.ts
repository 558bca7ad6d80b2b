import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { readSwitchSettings } from './system/settings.js';
import { restart } from './system/restart.js';
import { withScene } from './system/with-system.js';

const settings = readSwitchSettings(process.env);
const scene = withScene(settings);

test('a media process that is killed leaves parked callers where they are, with music; another one serves them', async () => {
  const { system, here } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, '701');
  const name = (await system.controllerOf(here)) ?? '';
  await system.killMedia(name);
  await line.hearsSound();
  await system.controlled();
  const taker = await (await scene().caller(2)).call('*5701');
  await taker.waitFor('answered');
  await taker.talksWith(line);
  await system.allFree();
});

test('every media process is gone while calls are transferred to codes: they wait with music, and are parked afterwards', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const parked = await scene().park(ada, bob, '701');
  for (const name of system.mediaNames) await system.killMedia(name);
  const [line, other] = await scene().talk(await scene().caller(2), bob);
  other.transfer('702', bob.account.domain);
  await other.over();
  await line.hearsSound();
  await parked.hearsSound();
  for (const name of system.mediaNames) await system.startMedia(name);
  const park = await system.park('702', (one) => one.state === ParkState.PARKED);
  expect(park.parker?.extension).toBe(bob.user);
  await line.hearsSound();
  const eve = await scene().caller(3);
  for (const [slot, caller] of [
    ['702', line],
    ['701', parked],
  ] as const) {
    const taker = await eve.call(`*5${slot}`);
    await taker.waitFor('answered');
    await taker.talksWith(caller);
    await taker.hangUp();
  }
  await system.allFree();
});

test('the connection to the switch is cut and healed: who hung up meanwhile has left his slot, who waits can be fetched', async () => {
  const { system } = scene();
  const bob = await scene().phone(1);
  const gone = await scene().park(await scene().caller(0), bob, '701');
  const waits = await scene().park(await scene().caller(2), bob, '702');
  await Promise.all(system.wires.map((wire) => wire.cut()));
  await gone.hangUp();
  await waits.hearsSound();
  await Promise.all(system.wires.map((wire) => wire.heal()));
  await system.until('the slot free', async () => (await system.parks()).every((park) => park.slot !== '701'));
  const taker = await (await scene().caller(3)).call('*5702');
  await taker.waitFor('answered');
  await taker.talksWith(waits);
  await system.allFree();
});

test('a switch that is started again has lost its calls: their slots are freed, and it parks the next ones', async () => {
  const { system, here } = scene();
  const bob = await scene().phone(1);
  await scene().park(await scene().caller(0), bob, '701');
  await scene().park(await scene().caller(2), bob, '702');
  await restart(settings, here);
  await system.allFree();
  const again = await scene().phone(1);
  const line = await scene().park(await scene().caller(0), again, '701');
  const taker = await (await scene().caller(2)).call('*5701');
  await taker.waitFor('answered');
  await taker.talksWith(line);
});
