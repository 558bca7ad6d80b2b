import { keys } from '@parkade/ids';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.js';

let world: World;

afterEach(() => world.close());

test('a node that DNS names is registered, and controlled by a media process', async () => {
  world = await World.start();
  // By hand it is taken out; DNS knows its address.
  await world.store.txn({
    compare: [],
    success: [{ kind: 'delete', range: { start: keys.mediaNode('media-1') } }],
  });
  await world.until('it is so', () => world.media.nodesUp().length === 0);
  const service = 'localhost';
  const dnsNodes = { service, port: world.sim.port, sipPort: 0, everyMs: 50, goneAfter: 3, maxNodes: 8 };
  const second = await world.addMedia('media-b', { dnsNodes });
  const up = (): readonly string[] => [...world.media.nodesUp(), ...second.nodesUp()];
  await world.until('it is so', () => up().includes('127.0.0.1'));
  expect(up()).toContain('127.0.0.1');
});
