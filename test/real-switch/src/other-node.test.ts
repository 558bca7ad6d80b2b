import { setTimeout as delay } from 'node:timers/promises';
import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { Phone } from './phones/phone.js';
import { readSwitchSettings } from './system/settings.js';
import { PICKUP_PROFILE } from './system/system.js';
import { withScene } from './system/with-system.js';

const settings = readSwitchSettings(process.env);
const scene = withScene(settings);

test('an unknown pickup number is refused where nodes deliver phones, and the caller stays parked', async () => {
  const { system, here } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, '701');
  const guess = `pickup-${'A'.repeat(54)}`;
  const stranger = await Phone.make(scene().user(3), {
    ...(await here.surroundings()),
    sip: await here.sipOf(PICKUP_PROFILE),
  });
  const knock = await stranger.call(guess);
  await knock.over();
  await stranger.close();
  await line.hearsSound();
  await system.park('701', (one) => one.state === ParkState.PARKED);
});

if (settings.eventSockets.length > 1) {
  test('a phone at the other switch fetches the caller: they talk, and the slot is free', async () => {
    const { system, there } = scene();
    const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
    const line = await scene().park(ada, bob, '701');
    const taker = await (await scene().caller(2, there)).call('*5701');
    await taker.waitFor('answered');
    await taker.talksWith(line);
    await system.allFree();
    await taker.hangUp();
    await line.over();
  });

  test('a retriever who hangs up on his way to the other switch loses nobody', async () => {
    const { system, there } = scene();
    const [bob, eve] = [await scene().phone(1), await scene().caller(2, there)];
    for (const afterMs of [0, 20, 60, 120]) {
      const line = await scene().park(await scene().caller(0), bob, '701');
      const taker = await eve.call('*5701');
      await delay(afterMs);
      await taker.hangUp();
      await system.until('decided', async () => {
        const [park] = await system.parks();
        return line.isOver ? park === undefined : park?.state === ParkState.PARKED;
      });
      if (line.isOver) continue;
      await line.hearsSound();
      const second = await eve.call('*5701');
      await second.waitFor('answered');
      await second.talksWith(line);
      await line.hangUp();
      await system.allFree();
    }
  });

  test('a parker and a retriever at the other switch: parked there, fetched here', async () => {
    const { system, here, there } = scene();
    const [ada, bob] = [await scene().caller(3, there), await scene().phone(1, there)];
    const line = await scene().park(ada, bob, '702');
    const park = await system.park('702');
    expect(park.call?.mediaNode).toBe(await there.node());
    const taker = await (await scene().caller(2, here)).call('702');
    await taker.waitFor('answered');
    await taker.talksWith(line);
    await system.allFree();
  });
}
