import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { readSwitchSettings } from './system/settings.js';
import { restart } from './system/restart.js';
import { withScene } from './system/with-system.js';

const settings = readSwitchSettings(process.env);

if (settings.tracksCalls && settings.restartCommand !== undefined) {
  const scene = withScene(settings, { recovers: true });

  test('a switch that crashed and recovers its calls has its parked callers back: legs, marks, slots, lamps, timers', async () => {
    const { system, here } = scene();
    const bob = await scene().phone(1);
    const line = await scene().park(await scene().caller(0), bob, '701');
    const soon = await scene().park(await scene().caller(2), bob, '704');
    const before = await system.park('701');
    const lamp = await system.lamp('701');
    bob.behaviour = 'rings';
    await restart(settings, here);
    await system.controlled();
    const id = before.call?.callId ?? '';
    await system.until('parked and marked again', async () => {
      const leg = await here.leg(id);
      const isBack = leg?.['variable_recovered'] === 'true' && leg['Channel-State'] === 'CS_PARK';
      return isBack && leg['variable_parkade_park']?.split(':')[0] === before.parkId;
    });
    expect(await here.leg(id)).toMatchObject({ variable_parkade_tenant: 'acme', variable_parkade_back: bob.user });
    expect(await system.park('701', (park) => park.state === ParkState.PARKED)).toMatchObject({
      parkId: before.parkId,
      parkedAt: before.parkedAt,
    });
    expect(await system.lamp('701')).toEqual(lamp);
    await line.hearsSound();
    // What rang when the switch was just back may have been rung for a call that was not there yet.
    for (const early of bob.lines) early.seen = true;
    const back = await bob.incoming();
    back.tell('ANSWER');
    await back.waitFor('answered');
    await back.talksWith(soon);
    const taker = await (await scene().caller(3)).call('*5701');
    await taker.waitFor('answered');
    await taker.talksWith(line);
    await system.allFree();
  });
}
