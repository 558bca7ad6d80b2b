import { sleep } from '@parkade/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testing.js';

let cluster: TestCluster;
afterEach(() => cluster.close());

function loads(): number[] {
  return [...cluster.members.values()].map(({ handler }) => handler.serving.size);
}

describe('claims', () => {
  it('one member alone claims all partitions soon after joining', async () => {
    cluster = await TestCluster.open(256);
    const a = cluster.join('a');
    await cluster.clock.advance(300);
    expect(a.owner.owned()).toHaveLength(256);
    expect(a.handler.named('acquire').every(({ how, epoch }) => how === 'claimed' && epoch > 0)).toBe(true);
    expect(a.reports).toEqual([]);
  });

  it('three members that start together share 256 partitions evenly without a move', async () => {
    cluster = await TestCluster.open(256);
    for (const id of ['a', 'b', 'c']) cluster.join(id);
    await cluster.clock.advance(300);
    expect(Math.max(...loads())).toBe(86);
    expect(loads().reduce((sum, load) => sum + load)).toBe(256);
    for (const { handler, reports } of cluster.members.values()) {
      expect(handler.named('preload')).toEqual([]);
      expect(reports).toEqual([]);
    }
  });
});

describe('limits (O7)', () => {
  it('hold loads, and moves, to as many at a time as configured', async () => {
    cluster = await TestCluster.open(64, { maxLoads: 5, maxMoves: 2, claimBatch: 3 });
    const most = { loads: 0, moves: 0 };
    const slow = (kind: 'loads' | 'moves', ms: number): (() => Promise<void>) => {
      let now = 0;
      return async () => {
        most[kind] = Math.max(most[kind], ++now);
        await sleep(cluster.clock, ms);
        now--;
      };
    };
    cluster.join('a', { prepare: ({ handler }) => (handler.onAcquire = slow('loads', 20)) });
    await cluster.clock.advance(1_000);
    expect(loads()).toEqual([64]);
    cluster.join('b', { prepare: ({ handler }) => (handler.onPreload = slow('moves', 20)) });
    await cluster.clock.advance(4_000);
    expect(loads()).toEqual([32, 32]);
    expect(most).toEqual({ loads: 5, moves: 2 });
  });
});

describe('an orphan', () => {
  it('is claimed by another member after the grace, when the one it is placed at cannot load it', async () => {
    cluster = await TestCluster.open(8);
    const [a, b] = [cluster.join('a'), cluster.join('b')];
    a.handler.onAcquire = () => Promise.reject(new Error('no memory'));
    await cluster.clock.advance(300);
    expect(b.owner.owned()).toHaveLength(4);
    await cluster.clock.advance(15_000);
    expect(b.owner.owned()).toHaveLength(8);
    expect(a.handler.serving.size).toBe(0);
  });
});

describe('hand-off', () => {
  it('a member that joins gets its share by hand-off after the settle delay', async () => {
    cluster = await TestCluster.open(256);
    const [a, b] = [cluster.join('a'), cluster.join('b')];
    await cluster.clock.advance(1_000);
    const c = cluster.join('c');
    await cluster.clock.advance(1_500);
    expect(c.handler.calls).toEqual([]);
    await cluster.clock.advance(1_500);
    expect(Math.max(...loads())).toBe(86);
    expect(loads().reduce((sum, load) => sum + load)).toBe(256);
    expect(c.handler.named('acquire').every(({ how }) => how === 'handed-off')).toBe(true);
    const given = [...a.handler.named('lost'), ...b.handler.named('lost')];
    expect(given.length).toBeGreaterThanOrEqual(c.owner.owned().length);
    expect([a.reports, b.reports, c.reports]).toEqual([[], [], []]);
  });
});
