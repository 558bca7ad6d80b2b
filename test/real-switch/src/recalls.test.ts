import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { readSwitchSettings } from './system/settings.js';
import { withScene } from './system/with-system.js';

const scene = withScene(readSwitchSettings(process.env));
/** Its calls come back after four seconds, and ring for three. */
const SOON = '704';

test('a recall that the parker answers: he is shown the slot and the name, they talk, and the slot is free', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, SOON);
  const back = await bob.incoming();
  expect(back.rest('incoming')).toContain(SOON);
  await back.waitFor('answered');
  await back.talksWith(line);
  await system.allFree();
  await back.hangUp();
  await line.over();
});

test('a recall that nobody answers: the caller is parked again, with music, and rung back again', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, SOON);
  bob.behaviour = 'rings';
  const first = await bob.incoming();
  await first.over();
  await system.park(SOON, (one) => one.state === ParkState.PARKED);
  await line.hearsSound();
  const second = await bob.incoming();
  second.tell('ANSWER');
  await second.waitFor('answered');
  await second.talksWith(line);
});

test('a recall of a busy parker: the caller stays parked, with music', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, SOON);
  bob.behaviour = 'busy';
  const back = await bob.incoming();
  await back.over();
  await system.park(SOON, (one) => one.state === ParkState.PARKED);
  await line.hearsSound();
});

test('a parker who is not registered any more: the caller stays parked, with music', async () => {
  const { system, here } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, SOON);
  await here.api('sofia', `profile ${scene().settings.profile} flush_inbound_reg ${bob.user}@${bob.account.domain}`);
  const { revision } = await system.park(SOON);
  await system.park(SOON, (one) => one.revision > revision && one.state === ParkState.PARKED);
  await line.hearsSound();
});

test('the call is fetched while its parker rings: the ringing stops (R15)', async () => {
  const { system } = scene();
  const [ada, bob, eve] = [await scene().caller(0), await scene().phone(1), await scene().caller(2)];
  const line = await scene().park(ada, bob, SOON);
  bob.behaviour = 'rings';
  const back = await bob.incoming();
  const taker = await eve.call(`*5${SOON}`);
  await taker.waitFor('answered');
  await taker.talksWith(line);
  await back.over();
  await system.allFree();
});

test('a caller who hangs up while his parker rings: the ringing stops, and the slot is free', async () => {
  const { system } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  const line = await scene().park(ada, bob, SOON);
  bob.behaviour = 'rings';
  const back = await bob.incoming();
  await line.hangUp();
  await back.over();
  await system.allFree();
});
