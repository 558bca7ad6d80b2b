import { headers } from 'nats';
import { describe, expect, it } from 'vitest';
import { deliveryOf, idOf, versionOf, VERSION_HEADER } from './message.js';

describe('delivered message', () => {
  it.each([
    ['$JS.ACK.events.abc.1.42.7.1795310616331500243.3', { sequence: 42, count: 7, pending: 3 }],
    ['$JS.ACK.hub.ACCOUNT.events.abc.1.42.7.1795310616331500243.3.random', { sequence: 42, count: 7, pending: 3 }],
    ['_INBOX.abc', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('finds its place in the reply subject %s', (reply, expected) => expect(deliveryOf(reply)).toEqual(expected));

  it('has no id and no version where its header has none that can be read', () => {
    const header = headers();
    expect([idOf(undefined), idOf(header), versionOf(undefined), versionOf(header)]).toEqual(Array(4).fill(undefined));
    header.set(VERSION_HEADER, '12x');
    expect(versionOf(header)).toBeUndefined();
    header.set(VERSION_HEADER, '9007199254740991');
    expect(versionOf(header)).toBe(Number.MAX_SAFE_INTEGER);
  });
});
