import { setTimeout as delay } from 'node:timers/promises';
import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { readSwitchSettings } from './system/settings.js';
import { withScene } from './system/with-system.js';

const scene = withScene(readSwitchSettings(process.env));

test('a caller who hangs up while he is parked frees the slot', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, '701');
  await line.hangUp();
  await system.allFree();
});

test('a caller who hangs up in the middle of the transfer leaves no slot behind', async () => {
  const { system } = scene();
  const bob = await scene().phone(1);
  for (const afterMs of [0, 10, 30, 60]) {
    const ada = await scene().caller(0);
    const [line, other] = await scene().talk(ada, bob);
    other.transfer('701', bob.account.domain);
    await delay(afterMs);
    await line.hangUp();
    await other.over();
    await delay(300);
    await system.allFree();
  }
});

test('a caller who hangs up while he is being fetched frees the slot, and joins nobody', async () => {
  const { system } = scene();
  const [bob, eve] = [await scene().phone(1), await scene().caller(2)];
  for (const afterMs of [0, 20, 50, 100]) {
    const line = await scene().park(await scene().caller(0), bob, '701');
    const taker = await eve.call('*5701');
    await delay(afterMs);
    await line.hangUp();
    await taker.over();
    await system.allFree();
  }
});

test('a retriever who hangs up in the middle of the pickup loses nobody: talked with, or parked still, with music (R3)', async () => {
  const { system } = scene();
  const bob = await scene().phone(1);
  const outcomes: string[] = [];
  for (const afterMs of [0, 10, 20, 40, 80]) {
    const line = await scene().park(await scene().caller(0), bob, '701');
    const eve = await scene().caller(2);
    const taker = await eve.call('*5701');
    await delay(afterMs);
    await taker.hangUp();
    await system.until('decided', async () => {
      const [park] = await system.parks();
      return line.isOver ? park === undefined : park?.state === ParkState.PARKED;
    });
    if (line.isOver) {
      outcomes.push('talked');
      continue;
    }
    outcomes.push('parked');
    await line.hearsSound();
    const second = await eve.call('*5701');
    await second.waitFor('answered');
    await second.talksWith(line);
    await line.hangUp();
    await system.allFree();
  }
  expect(outcomes).toHaveLength(5);
});
