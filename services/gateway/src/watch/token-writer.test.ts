import { WatchSlotsResponse } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { encodeEvent } from './encoded.js';
import { readResumeToken } from './resume-token.js';
import { TokenWriter } from './token-writer.js';

const SCOPE = 7;
const at = (revision: number) => new Map([[3, revision]]);

function read(token: Uint8Array): ReturnType<typeof readResumeToken> {
  return readResumeToken(SCOPE, WatchSlotsResponse.decode(token).resumeToken, 8);
}

describe('TokenWriter', () => {
  it('makes one token and one message for all who are told the same in the same second', () => {
    const tokens = new TokenWriter();
    const [first, second] = [tokens.token(SCOPE, 5_100, at(9)), tokens.token(SCOPE, 5_900, at(9))];
    expect(second).toBe(first);
    expect(read(first)).toEqual({ issuedAtMs: 5_000, revisions: at(9) });
    const event = encodeEvent({ $case: 'reset', value: { cause: 'because' } });
    expect(tokens.message(event, first)).toBe(tokens.message(event, second));
  });

  it('makes another one for another scope, revision or second, and another message for another event', () => {
    const tokens = new TokenWriter();
    const token = tokens.token(SCOPE, 5_100, at(9));
    expect(read(tokens.token(SCOPE, 5_100, at(10)))?.revisions).toEqual(at(10));
    expect(read(tokens.token(SCOPE, 6_100, at(10)))?.issuedAtMs).toBe(6_000);
    expect(read(tokens.token(SCOPE + 1, 6_100, at(10)))).toBeUndefined();
    const [a, b] = ['a', 'b'].map((cause) => encodeEvent({ $case: 'reset', value: { cause } }));
    if (a === undefined || b === undefined) throw new Error('no events');
    const messages = [a, b, a].map((event) => WatchSlotsResponse.decode(tokens.message(event, token)));
    expect(messages.map(({ event }) => event?.$case === 'reset' && event.value.cause)).toEqual(['a', 'b', 'a']);
    expect(tokens.message(a, new Uint8Array())).toBe(a);
  });
});
