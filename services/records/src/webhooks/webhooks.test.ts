import { SeededRandom } from '@parkade/clock';
import { type Endpoint, secretsAt, signedHeaders } from '@parkade/records';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { pauseMs } from './retry.js';
import { SlotLanes } from './slot-lanes.js';
import { isPublic, targetOf } from './target.js';

describe('a signature', () => {
  it('is what the public library of Standard Webhooks verifies, and no other body passes', () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const headers = { ...signedHeaders([secret], 'e1', Math.floor(Date.now() / 1_000), '{"a":1}') };
    expect(new Webhook(secret).verify('{"a":1}', headers)).toEqual({ a: 1 });
    expect(() => new Webhook(secret).verify('{"a":2}', headers)).toThrow();
  });
});

describe('a secret that is changed', () => {
  const [old, fresh] = [7, 8].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`) as [string, string];
  const endpoint = (untilMs: number): Endpoint => ({
    ...{ id: 'crm', url: 'https://example.com', kinds: [], enabled: true, key: '0123456789abcdef' },
    ...{ secret: fresh, previous: { secret: old, until_ms: untilMs } },
  });

  it('signs beside the old one until the time of that is over: who knows either verifies', () => {
    const nowMs = Date.now();
    const both = { ...signedHeaders(secretsAt(endpoint(nowMs + 1), nowMs), 'e1', Math.floor(nowMs / 1_000), '{}') };
    for (const secret of [old, fresh]) expect(new Webhook(secret).verify('{}', both)).toEqual({});
    const one = { ...signedHeaders(secretsAt(endpoint(nowMs), nowMs), 'e1', Math.floor(nowMs / 1_000), '{}') };
    expect(new Webhook(fresh).verify('{}', one)).toEqual({});
    expect(() => new Webhook(old).verify('{}', one)).toThrow();
  });
});

describe('a target', () => {
  const refused = [
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '0.0.0.0', '100.64.0.1', '224.0.0.1'],
    ...['255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '192.0.2.1', '2001:db8::1'],
  ];
  it.each(refused)('is refused at %s', (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it.each(['8.8.8.8', '93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])('may be %s', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it('is refused where any address of its name is not public, unless private ones are allowed', async () => {
    const resolve = () =>
      Promise.resolve([
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    await expect(targetOf(new URL('http://rebind.test/'), false, resolve)).rejects.toThrow(/not public/);
    expect(await targetOf(new URL('http://rebind.test/'), true, resolve)).toMatchObject({ address: '93.184.215.14' });
  });

  it.each(['http://127.0.0.1/', 'http://[::1]/', 'http://2130706433/', 'http://0x7f.1/', 'http://[::ffff:7f00:1]/'])(
    'is not hidden by how %s is written',
    async (url) => {
      await expect(targetOf(new URL(url), false, () => Promise.resolve([]))).rejects.toThrow(/not public|no address/);
    },
  );
});

describe('the pauses between attempts', () => {
  it('grow threefold up to a bound, half of each random', () => {
    const limits = { retryFirstMs: 1_000, retryMaxMs: 20_000 };
    const random = new SeededRandom(1);
    const pauses = [1, 2, 3, 4, 9].map((failed) => pauseMs(failed, limits, random));
    for (const [i, whole] of [1_000, 3_000, 9_000, 20_000, 20_000].entries()) {
      expect(pauses[i]).toBeGreaterThanOrEqual(whole / 2);
      expect(pauses[i]).toBeLessThanOrEqual(whole);
    }
  });
});

describe('lanes', () => {
  it('do one thing after the other in each, several at once, and let nobody wait behind a long one', async () => {
    const lanes = new SlotLanes(2);
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const work = (name: string) => () =>
      new Promise<void>((resolve) => {
        log.push(name);
        ends.set(name, resolve);
      });
    for (const name of ['a1', 'a2', 'b1', 'c1']) lanes.add(name.charAt(0), work(name));
    const end = async (name: string): Promise<void> => {
      ends.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    expect(log).toEqual(['a1', 'b1']);
    await end('b1');
    expect(log).toEqual(['a1', 'b1', 'c1']);
    await end('c1');
    expect(log).toEqual(['a1', 'b1', 'c1']);
    await end('a1');
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2']);
  });
});
