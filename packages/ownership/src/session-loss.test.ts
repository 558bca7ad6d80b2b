import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testing.js';
import { namedPartitions } from './partition-space.js';
import { MEDIA_TIMING } from './options.js';

let cluster: TestCluster | TestCluster<string>;
afterEach(() => cluster.close());

describe('a member cut off from the store', () => {
  it('owns nothing before another can claim, and tells each loss (O3, O4)', async () => {
    const slots = (cluster = await TestCluster.open(32, { peerProbeMs: 0 }));
    const [a, b] = [slots.join('a'), slots.join('b')];
    await slots.clock.advance(500);
    const had = a.owner.owned();
    let lastLostMs = 0;
    a.handler.onLost = () => (lastLostMs = slots.clock.monotonicMs());
    let firstClaimMs = 0;
    b.handler.onAcquire = () => {
      firstClaimMs ||= slots.clock.monotonicMs();
      return Promise.resolve();
    };
    a.faulty.cut = true;
    await slots.clock.advance(7_000);
    expect(
      a.handler
        .named('lost')
        .map(({ partition }) => partition)
        .sort(),
    ).toEqual([...had].sort());
    expect(a.owner.owned()).toEqual([]);
    expect(a.owner.sessionValid()).toBe(false);
    expect(lastLostMs).toBeLessThan(firstClaimMs);
    expect(b.handler.serving.size).toBe(32);
    a.faulty.cut = false;
    await slots.clock.advance(8_000);
    expect(a.handler.serving.size).toBe(16);
  });

  it('keeps everything when the store is back within the validity', async () => {
    const slots = (cluster = await TestCluster.open(32, { peerProbeMs: 0 }));
    const [a, b] = [slots.join('a'), slots.join('b')];
    await slots.clock.advance(500);
    for (const { faulty } of [a, b]) faulty.cut = true;
    await slots.clock.advance(3_000);
    for (const { faulty } of [a, b]) faulty.cut = false;
    await slots.clock.advance(10_000);
    expect([...a.handler.named('lost'), ...b.handler.named('lost')]).toEqual([]);
  });
});

describe('named partitions that cannot be fenced', () => {
  async function media(names: () => readonly string[]): Promise<TestCluster<string>> {
    const made = await TestCluster.of(namedPartitions('media', names), MEDIA_TIMING);
    cluster = made;
    return made;
  }

  it('are claimed as they come and released as they go', async () => {
    const names = ['fs-1', 'fs-2'];
    const nodes = await media(() => names);
    const a = nodes.join('a');
    await nodes.clock.advance(2_000);
    expect([...a.owner.owned()].sort()).toEqual(['fs-1', 'fs-2']);
    names.push('fs 3');
    a.owner.refresh();
    await nodes.clock.advance(200);
    expect([...a.owner.owned()].sort()).toEqual(['fs 3', 'fs-1', 'fs-2']);
    names.shift();
    a.owner.refresh();
    await nodes.clock.advance(200);
    expect([...a.owner.owned()].sort()).toEqual(['fs 3', 'fs-2']);
    expect(a.handler.named('drain').map(({ partition }) => partition)).toEqual(['fs-1']);
    expect(await nodes.store.get(nodes.space.keyOf('fs-1'))).toBeUndefined();
  });

  it('are not taken by force, and only a delay after the lease ended (O5, X1)', async () => {
    const nodes = await media(() => ['fs-1', 'fs-2', 'fs-3', 'fs-4']);
    const b = nodes.join('b');
    nodes.join('a');
    await nodes.clock.advance(2_000);
    expect(b.handler.serving.size).toBe(2);
    nodes.kill('a');
    expect(await b.owner.reportUnreachable('a', 'connection refused')).toBe('off');
    await nodes.clock.advance(4_900);
    expect(b.handler.serving.size).toBe(2);
    await nodes.clock.advance(1_200);
    expect(b.handler.serving.size).toBe(4);
  });

  it('are claimed without that delay when their owner released them (X2)', async () => {
    const nodes = await media(() => ['fs-1', 'fs-2', 'fs-3', 'fs-4']);
    const [a, b] = [nodes.join('a'), nodes.join('b')];
    await nodes.clock.advance(2_000);
    b.handler.onPreload = () => Promise.reject(new Error('no copy'));
    const leaving = a.owner.leave(1_000);
    await nodes.clock.advance(700);
    await leaving;
    await nodes.clock.advance(100);
    expect(b.handler.serving.size).toBe(4);
  });

  it('wait the delay at start, when it is not known how long they were without an owner', async () => {
    const nodes = await media(() => ['fs-1']);
    const a = nodes.join('a');
    await nodes.clock.advance(950);
    expect(a.owner.owned()).toEqual([]);
    await nodes.clock.advance(100);
    expect(a.owner.owned()).toEqual(['fs-1']);
  });
});
