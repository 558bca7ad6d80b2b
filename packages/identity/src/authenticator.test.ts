import { describe, expect, it } from 'vitest';
import { bearerToken } from './authenticator.js';

describe('bearerToken', () => {
  it('finds the token however the header is written that RFC 6750 allows, and none in another scheme', () => {
    for (const header of ['Bearer abc.def', 'bearer abc.def', 'BEARER  abc.def', 'Bearer abc.def ']) {
      expect(bearerToken(header)).toBe('abc.def');
    }
    for (const header of [undefined, '', 'Basic abc', 'abc.def', 'Bearer abc def']) {
      expect(bearerToken(header)).toBeUndefined();
    }
  });
});
