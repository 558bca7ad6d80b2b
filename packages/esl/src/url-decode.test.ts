import fc from 'fast-check';
import { expect, test } from 'vitest';
import { urlDecode } from './url-decode.js';

test('well-formed escapes decode as UTF-8 and a plus sign stays', () => {
  expect(urlDecode('a%20b+%C3%84')).toBe('a b+Ä');
});

test('incomplete escapes stay literal and bytes that are no UTF-8 become U+FFFD', () => {
  expect(urlDecode('100%')).toBe('100%');
  expect(urlDecode('%4')).toBe('%4');
  expect(urlDecode('%zz%20%')).toBe('%zz %');
  expect(urlDecode('%FFa')).toBe('\uFFFDa');
});

test('it never throws, and reverses percent-encoding', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => typeof urlDecode(value) === 'string'));
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (value) => urlDecode(encodeURIComponent(value)) === value));
});
