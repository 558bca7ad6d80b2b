import { readFileSync } from 'node:fs';
import { SeededRandom } from '@parkade/clock';
import { newParkId } from '@parkade/ids';
import { expect, test } from 'vitest';
import { DEFAULT_CODES } from '@parkade/settings';
import { readCode } from './feature-code.js';
import { newPickupSecret, pickupNumber } from './pickup-number.js';
import { ruleFor } from './tenant-rules.js';

test.each([
  ['*3', { kind: 'park-next' }],
  ['*3701', { kind: 'auto', slot: '701' }],
  ['*4', { kind: 'park-next' }],
  ['*5007', { kind: 'retrieve', slot: '007' }],
  ['*58', { kind: 'park-group' }],
  ['*68', { kind: 'park-extension', extension: '' }],
  ['*681001', { kind: 'park-extension', extension: '1001' }],
  ['*88', { kind: 'retrieve-extension', extension: '' }],
  ['*881001', { kind: 'retrieve-extension', extension: '1001' }],
  ['701', { kind: 'auto', slot: '701' }],
])('%s is read as %o', (dialled, wish) => expect(readCode(dialled, DEFAULT_CODES)).toEqual(wish));

test.each(['', '*5', '*4701', '*9', 'park', '*3701;x', '*3${x}', `*3${'1'.repeat(70)}`])('%j is no code', (dialled) =>
  expect(readCode(dialled, DEFAULT_CODES)).toBeUndefined(),
);

/** What the shipped dial plan takes for a number of ours. */
function taken(file: string): RegExp {
  const xml = readFileSync(new URL(`../../../../deploy/freeswitch/dialplan/${file}`, import.meta.url), 'utf8');
  return new RegExp(/field="destination_number" expression="([^"]+)"/.exec(xml)?.[1] ?? '(?!)');
}

test('the shipped dial plan sends us every code as it is by default, and slots of three digits; phones and other codes it leaves alone', () => {
  const numbers = Object.values(DEFAULT_CODES).flatMap((code) => [code, `${code}701`, `${code}1001`]);
  const read = [...numbers, '701', '799'].filter((number) => readCode(number, DEFAULT_CODES) !== undefined);
  expect(read.length).toBeGreaterThan(10);
  expect(read.filter((number) => !taken('parkade.xml').test(number))).toEqual([]);
  expect(
    ['1001', '2001', '911', '*97', '*6', '*8', '7011'].filter((number) => taken('parkade.xml').test(number)),
  ).toEqual([]);
});

test('the shipped dial plan takes the numbers by which phones come from other nodes, of tenants of any name', () => {
  const random = new SeededRandom(1);
  for (const tenantId of ['a', 'x'.repeat(64)]) {
    const number = pickupNumber(newPickupSecret(random), { tenantId, parkId: newParkId(0, 1, random) });
    expect(number).toMatch(taken('parkade-pickup.xml'));
  }
});

test('a rule fits when everything it names fits; the first one counts; no rule, no tenant', () => {
  const rules = [
    { tenantId: 'a', context: 'x', domain: 'a.example' },
    { tenantId: 'b', context: 'x' },
  ];
  const origin = { node: 'n', profile: 'internal', context: 'x', domain: '' };
  expect(ruleFor(rules, { ...origin, domain: 'a.example' })?.tenantId).toBe('a');
  expect(ruleFor(rules, origin)?.tenantId).toBe('b');
  expect(ruleFor(rules, { ...origin, context: 'y' })).toBeUndefined();
});
