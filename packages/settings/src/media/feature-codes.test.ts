import { expect, test } from 'vitest';
import { parseTenant } from '../tenant-settings.js';
import { codesOf, DEFAULT_CODES } from './feature-codes.js';

const issues = (codes: unknown): readonly string[] => {
  const checked = parseTenant({ codes }, ['tenants', 'acme', 'settings']);
  return checked.ok ? [] : checked.issues.map(({ path, message }) => `${path}: ${message}`);
};

test('what a tenant leaves out keeps its default; an empty code is not used', () => {
  expect(codesOf({ auto: '#1', park_group: '' })).toEqual({ ...DEFAULT_CODES, auto: '#1', park_group: '' });
  expect(issues({ auto: '#1', park_group: '' })).toEqual([]);
  expect(issues(DEFAULT_CODES)).toEqual([]);
});

test('two codes that would be the same are refused at the field that brings it about, also with a default', () => {
  expect(issues({ retrieve: '*4' })).toEqual([
    'tenants.acme.settings.codes.retrieve: *4 is the default of park_next already',
  ]);
  expect(issues({ retrieve: '*7', auto: '*7' })).toEqual([
    'tenants.acme.settings.codes.auto: *7 is retrieve already',
    'tenants.acme.settings.codes.retrieve: *7 is auto already',
  ]);
  expect(issues({ retrieve: '*4', park_next: '*5' })).toEqual([]);
  expect(issues({ retrieve: '', park_group: '' })).toEqual([]);
});

test('a code begins with a star or a hash: digits alone are slots and extensions', () => {
  expect(issues({ auto: '70', retrieve: '*a', park_next: '*4 ' }).map((issue) => issue.split(':')[0])).toEqual([
    'tenants.acme.settings.codes.auto',
    'tenants.acme.settings.codes.park_next',
    'tenants.acme.settings.codes.retrieve',
  ]);
  expect(issues({ park: '*1' })).toEqual(['tenants.acme.settings.codes.park: unknown key']);
});
