import { ManualClock } from '@parkade/clock';
import { expect, it } from 'vitest';
import { openStore, parseStoreUrl } from './open-store.js';
import { StoreError } from './store.js';

it('reads every form of a store URL', () => {
  expect(parseStoreUrl('embedded:')).toEqual({ kind: 'embedded', dataDir: undefined });
  expect(parseStoreUrl('embedded:/var/lib/parkade')).toEqual({ kind: 'embedded', dataDir: '/var/lib/parkade' });
  expect(parseStoreUrl('embedded:///var/lib/parkade')).toEqual({ kind: 'embedded', dataDir: '/var/lib/parkade' });
  expect(parseStoreUrl('embedded:data')).toEqual({ kind: 'embedded', dataDir: 'data' });
  expect(parseStoreUrl('etcd://etcd-0.etcd:2379,10.0.0.2:2379,[::1]:2379/')).toEqual({
    kind: 'etcd',
    endpoints: ['etcd-0.etcd:2379', '10.0.0.2:2379', '[::1]:2379'],
  });
});

it('says what is wrong with a store URL, without repeating a password', () => {
  const cases: readonly [string, RegExp][] = [
    ['', /expected embedded:/],
    ['http://host:2379', /expected embedded:/],
    ['embedded://host/path', /takes a directory/],
    ['etcd://', /"" is not host:port/],
    ['etcd://host', /"host" is not host:port/],
    ['etcd://a:2379,b:0', /"b:0" is not host:port/],
    ['etcd://a:2379,b:99999', /"b:99999" is not host:port/],
    ['etcd://root:secret@a:2379', /^(?!.*secret).*user and password/],
  ];
  for (const [url, message] of cases) {
    expect(() => parseStoreUrl(url), url).toThrow(StoreError);
    expect(() => parseStoreUrl(url), url).toThrow(message);
  }
});

it('opens the embedded store', async () => {
  const store = await openStore('embedded:', { clock: new ManualClock() });
  expect((await store.txn({ compare: [], success: [] })).revision).toBe(1);
  await store.close();
  await expect(openStore('redis://a:1', { clock: new ManualClock() })).rejects.toBeInstanceOf(StoreError);
});
