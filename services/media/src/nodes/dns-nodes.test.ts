import { ManualClock } from '@parkade/clock';
import { silentLog } from '@parkade/rpc';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keys } from '@parkade/ids';
import { DEFAULT_DNS_NODES, DnsNodes, type NamedNode } from './dns-nodes.js';
import { readMediaNode, registerMediaNode } from './media-node.js';
import { resolveService } from './resolve-service.js';

const clock = new ManualClock();
let store: Store;
let named: readonly NamedNode[] | Error;
let parked: number | undefined;
let nodes: DnsNodes;

beforeEach(async () => {
  store = await openEmbeddedStore({ clock });
  [named, parked] = [[], 0];
  const resolve = (): Promise<readonly NamedNode[]> =>
    named instanceof Error ? Promise.reject(named) : Promise.resolve(named);
  const config = { service: 'switches', ...DEFAULT_DNS_NODES, maxNodes: 3 };
  const parkedAt = (): Promise<number | undefined> => Promise.resolve(parked);
  nodes = new DnsNodes(config, { store, clock, log: silentLog, resolve, parkedAt });
});

afterEach(() => store.close());

async function stored(name: string): Promise<string | undefined> {
  const kv = await store.get(keys.mediaNode(name));
  const node = kv === undefined ? undefined : readMediaNode(name, kv.value);
  return node === undefined ? undefined : `${node.host}:${node.port} ${node.sipAddress}`;
}

test('what the service names is registered, and follows its address', async () => {
  named = [
    { name: 'fs-0', host: 'fs-0.switches', port: 8022 },
    { name: '10.0.0.2', host: '10.0.0.2' },
  ];
  await nodes.once();
  expect([await stored('fs-0'), await stored('10.0.0.2')]).toEqual([
    'fs-0.switches:8022 fs-0.switches:5060',
    '10.0.0.2:8021 10.0.0.2:5060',
  ]);
  named = [{ name: 'fs-0', host: 'elsewhere', port: 8022 }];
  await nodes.once();
  expect(await stored('fs-0')).toBe('elsewhere:8022 elsewhere:5060');
});

test('a node that was registered by hand stays as it is (D1)', async () => {
  const byHand = { name: 'fs-0', host: '10.0.0.9', port: 8021, sipAddress: '', recovers: true };
  await registerMediaNode(store, byHand);
  named = [{ name: 'fs-0', host: '10.0.0.1' }];
  await nodes.once();
  named = [];
  for (let round = 0; round < 5; round++) await nodes.once();
  expect(await stored('fs-0')).toBe('10.0.0.9:8021 ');
});

test('a node that goes away is taken out after three answers without it, once nobody is parked at it (D2, D3)', async () => {
  named = [{ name: 'fs-0', host: '10.0.0.1' }];
  await nodes.once();
  named = new Error('SERVFAIL');
  for (let round = 0; round < 5; round++) await expect(nodes.once()).rejects.toThrow('SERVFAIL');
  named = [];
  parked = 2;
  for (let round = 0; round < 5; round++) await nodes.once();
  expect(await stored('fs-0')).toBeDefined();
  parked = undefined;
  await nodes.once();
  expect(await stored('fs-0')).toBeDefined();
  parked = 0;
  await nodes.once();
  expect(await stored('fs-0')).toBeUndefined();
});

test('a node that is back in time has never been away; past the bound no more come (D3, D4)', async () => {
  const all = ['a', 'b', 'c', 'd'].map((name) => ({ name, host: '10.0.0.1' }));
  named = all;
  await nodes.once();
  expect(await stored('d')).toBeUndefined();
  for (let round = 0; round < 4; round++) {
    named = [];
    await nodes.once();
    await nodes.once();
    named = all;
    await nodes.once();
  }
  expect(await stored('a')).toBeDefined();
});

test('addresses are resolved as the machine resolves them', async () => {
  expect((await resolveService('localhost')).some(({ host }) => host === '127.0.0.1' || host === '::1')).toBe(true);
});
