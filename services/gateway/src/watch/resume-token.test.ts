import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readResumeToken, tokenScope, writeResumeToken } from './resume-token.js';

const scope = tokenScope('i', 'acme', '');

describe('a resume token', () => {
  it('says what was written in it', () => {
    const revisions = fc
      .array(fc.tuple(fc.nat(4_095), fc.nat(2 ** 40)), { maxLength: 300 })
      .map((pairs) => new Map(pairs));
    fc.assert(
      fc.property(revisions, fc.nat(2 ** 42), (shards, issuedAtMs) => {
        const token = { issuedAtMs, revisions: shards };
        expect(readResumeToken(scope, writeResumeToken(scope, token), 4_096)).toEqual(token);
      }),
    );
  });

  it('is none when it is of another cluster, tenant or lot', () => {
    const token = writeResumeToken(scope, { issuedAtMs: 1, revisions: new Map() });
    for (const other of [tokenScope('j', 'acme', ''), tokenScope('i', 'acme', 'x'), tokenScope('i', 'b', '')]) {
      expect(readResumeToken(other, token, 4_096)).toBeUndefined();
    }
  });

  it('is none when it is anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => readResumeToken(scope, text, 4_096) === undefined));
  });
});
