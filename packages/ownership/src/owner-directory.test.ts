import { afterEach, expect, it } from 'vitest';
import { TestCluster } from './cluster.testing.js';
import { OwnerDirectory } from './owner-directory.js';
import type { OwnerHint } from './partition-handler.js';

let cluster: TestCluster;
afterEach(() => cluster.close());

it('a directory follows every owner through claims, hand-offs and losses', async () => {
  cluster = await TestCluster.open(16);
  const directory = new OwnerDirectory(cluster.space, cluster);
  const seen = new Map<number, OwnerHint | undefined>();
  let fell = 0;
  directory.onChange((partition, owner) => {
    const before = seen.get(partition);
    if (before !== undefined && owner !== undefined && owner.epoch <= before.epoch) fell++;
    seen.set(partition, owner);
  });
  await directory.start();
  expect(directory.all().size).toBe(0);
  cluster.join('a');
  await cluster.clock.advance(500);
  cluster.join('b');
  await cluster.clock.advance(4_000);
  cluster.kill('a');
  await cluster.clock.advance(1_000);
  const b = cluster.member('b');
  for (const partition of cluster.space.all()) {
    expect(directory.owner(partition)).toMatchObject({
      memberId: 'b',
      address: 'b:1',
      epoch: b.owner.epochOf(partition),
    });
    expect(seen.get(partition)).toEqual(directory.all().get(partition));
  }
  expect(fell).toBe(0);
  directory.close();
});
