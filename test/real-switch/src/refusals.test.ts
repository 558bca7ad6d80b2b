import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { readSwitchSettings } from './system/settings.js';
import { withScene } from './system/with-system.js';

const scene = withScene(readSwitchSettings(process.env));

test('a leg that comes out of a conference is refused aloud, and nothing is parked (R11)', async () => {
  const { system, here } = scene();
  const bob = await scene().phone(1);
  const leg = randomUUID();
  const target = `{origination_uuid=${leg}}user/${bob.user}@${bob.account.domain}`;
  const called = await here.job('originate', `${target} &conference(parkade-suite@default)`);
  expect(called).toMatch(/^\+OK/);
  const line = await bob.incoming();
  await system.until(
    'in the conference',
    async () => (await here.leg(leg))?.['variable_conference_uuid'] !== undefined,
  );
  await here.api('uuid_transfer', `${leg} *4 XML default`);
  await line.over();
  expect(await system.parks()).toEqual([]);
});

test('a call that is transferred before anybody has answered it goes to whom it was for, and is not parked (R11)', async () => {
  const { system, here } = scene();
  const [ada, bob] = [await scene().caller(0), await scene().phone(1)];
  bob.behaviour = 'rings';
  const line = await ada.call(bob.user);
  const first = await bob.incoming();
  await line.waitFor('ringing');
  const leg = await here.known(line);
  // As after a conversation, which is what makes a transfer one.
  await here.api('uuid_setvar', `${leg} last_bridge_to ${leg}`);
  expect(await here.api('uuid_transfer', `${leg} 701 XML default`)).toMatch(/^\+OK/);
  await first.over();
  await system.until('refused or rung again', () => Promise.resolve(line.isOver || bob.lines.length > 1));
  expect(await system.parks()).toEqual([]);
});
