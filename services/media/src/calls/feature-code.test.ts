import { expect, test } from 'vitest';
import { DEFAULT_CODES } from '@parkade/settings';
import { readCode } from './feature-code.js';
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
