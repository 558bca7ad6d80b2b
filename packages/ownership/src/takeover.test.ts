import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testing.js';

let cluster: TestCluster;
afterEach(() => cluster.close());

async function threeOf(partitions: number, timing = {}): Promise<TestCluster> {
  cluster = await TestCluster.open(partitions, timing);
  for (const id of ['a', 'b', 'c']) cluster.join(id);
  await cluster.clock.advance(500);
  return cluster;
}

function served(): number {
  return [...cluster.members.values()].reduce((sum, { handler }) => sum + handler.serving.size, 0);
}

describe('takeover', () => {
  it('takes the partitions of a killed member within half a second, without any report', async () => {
    await threeOf(256);
    cluster.kill('a');
    await cluster.clock.advance(500);
    expect(served()).toBe(256);
    const how = cluster
      .member('b')
      .handler.named('acquire')
      .map((call) => call.how);
    expect(new Set(how)).toEqual(new Set(['claimed']));
  });

  it('asks no member whose connection stands, and looks into it the moment that ends (W1, W2)', async () => {
    cluster = await TestCluster.open(32, {});
    const ends = new Map<string, (() => void)[]>();
    cluster.hold = (address, onEnd) => {
      ends.set(address, [...(ends.get(address) ?? []), onEnd]);
      return { stands: true, close: () => undefined };
    };
    for (const id of ['a', 'b', 'c']) cluster.join(id);
    await cluster.clock.advance(1_000);
    const asked = cluster.probed.length;
    await cluster.clock.advance(10_000);
    expect(cluster.probed.length).toBe(asked);
    // One that ends proves nothing by itself: the member answers, and is held anew.
    for (const end of ends.get('a:1') ?? []) end();
    ends.delete('a:1');
    await cluster.clock.advance(1_000);
    expect(cluster.member('a').handler.named('lost')).toEqual([]);
    expect(ends.get('a:1')?.length).toBe(2);
    cluster.kill('a');
    for (const end of ends.get('a:1') ?? []) end();
    await cluster.clock.advance(150);
    expect(served()).toBe(32);
  });

  it('acts on a report at once, by id or by address', async () => {
    await threeOf(32, { peerProbeMs: 0 });
    cluster.kill('a');
    const outcome = cluster.member('b').owner.reportUnreachable('a:1', 'connection refused');
    await cluster.clock.advance(150);
    expect(await outcome).toBe('taken');
    expect(served()).toBe(32);
    expect(await cluster.member('b').owner.reportUnreachable('a', 'again')).toBe('not-found');
  });

  it('does nothing to a member that answers, or without proof (T1)', async () => {
    await threeOf(32, { peerProbeMs: 0 });
    const { owner } = cluster.member('b');
    expect(await owner.reportUnreachable('a', 'time-out')).toBe('alive');
    expect(await owner.reportUnreachable('b', 'self')).toBe('not-found');
    await cluster.clock.advance(5_000);
    expect(cluster.member('a').handler.named('lost')).toEqual([]);
  });

  it('needs two refusals: one that is over when asked again proves nothing (T1)', async () => {
    await threeOf(32, { peerProbeMs: 0 });
    cluster.deafen('a');
    const outcome = cluster.member('b').owner.reportUnreachable('a', 'connection refused');
    await cluster.clock.advance(20);
    cluster.refusing.delete('a:1');
    await cluster.clock.advance(100);
    expect(await outcome).toBe('alive');
  });

  it('removes no more than the limit within the window (T3)', async () => {
    cluster = await TestCluster.open(32, { peerProbeMs: 0, maxTakeovers: 1, takeoverWindowMs: 10_000 });
    for (const id of ['a', 'b', 'c']) cluster.join(id);
    await cluster.clock.advance(500);
    cluster.kill('a');
    cluster.kill('b');
    const { owner } = cluster.member('c');
    const first = owner.reportUnreachable('a', 'connection refused');
    await cluster.clock.advance(100);
    const second = owner.reportUnreachable('b', 'connection refused');
    await cluster.clock.advance(100);
    expect([await first, await second]).toEqual(['taken', 'limited']);
    await cluster.clock.advance(6_000);
    expect(served()).toBe(32);
  });

  it('looks into a member once at a time (T3)', async () => {
    await threeOf(32, { peerProbeMs: 0 });
    cluster.kill('a');
    const { owner } = cluster.member('b');
    const all = Promise.all(Array.from({ length: 10 }, () => owner.reportUnreachable('a', 'connection refused')));
    await cluster.clock.advance(100);
    expect(new Set(await all)).toEqual(new Set(['taken']));
    expect(cluster.member('b').reports.filter((text) => text.startsWith('member-removed'))).toHaveLength(1);
  });

  it('tells a member that lives but refuses, which joins again only when it can be reached (N2)', async () => {
    await threeOf(32);
    const a = cluster.member('a');
    const before = a.owner.owned().length;
    cluster.deafen('a');
    await cluster.clock.advance(1_000);
    expect(a.owner.owned()).toEqual([]);
    expect(a.handler.named('lost')).toHaveLength(before);
    expect(a.handler.named('lost').every(({ hint }) => hint !== undefined && hint.memberId !== 'a')).toBe(true);
    await cluster.clock.advance(20_000);
    expect(a.owner.owned()).toEqual([]);
    cluster.refusing.delete('a:1');
    await cluster.clock.advance(40_000);
    expect(a.owner.owned()).toHaveLength(before);
  });

  it('leaves a frozen member alone until its lease ends, then its partitions are claimed at once', async () => {
    await threeOf(64);
    cluster.pause('a', true);
    await cluster.clock.advance(3_800);
    expect(cluster.member('b').handler.serving.size + cluster.member('c').handler.serving.size).toBeLessThan(64);
    await cluster.clock.advance(1_500);
    expect(cluster.member('b').handler.serving.size + cluster.member('c').handler.serving.size).toBe(64);
    cluster.pause('a', false);
    expect(cluster.member('a').owner.owned()).toEqual([]);
    await cluster.clock.advance(10_000);
    expect(served()).toBe(64);
  });

  it('lets a process that starts again under its old id have its partitions at once', async () => {
    await threeOf(64, { peerProbeMs: 0 });
    const old = cluster.kill('a');
    cluster.join('a');
    await cluster.clock.advance(500);
    expect(served()).toBe(64);
    expect(cluster.member('a').owner.owned().length).toBe(old.handler.serving.size);
  });
});
