import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testing.js';

let cluster: TestCluster;
afterEach(() => cluster.close());

describe('leaving', () => {
  it('hands every partition over before it ends, with no moment when one has no owner', async () => {
    cluster = await TestCluster.open(64);
    for (const id of ['a', 'b', 'c']) cluster.join(id);
    await cluster.clock.advance(500);
    const leaving = cluster.member('a').owner.leave(5_000);
    for (let ms = 0; ms < 400; ms += 5) {
      await cluster.clock.advance(5);
      const unowned = cluster.space.all().filter((partition) => cluster.ownersOf(partition).length !== 1);
      expect(unowned).toEqual([]);
    }
    await leaving;
    expect(cluster.member('a').owner.owned()).toEqual([]);
    expect(cluster.member('a').handler.named('undrain')).toEqual([]);
    const how = [...cluster.member('b').handler.named('acquire'), ...cluster.member('c').handler.named('acquire')];
    expect(how.filter((call) => call.how === 'handed-off').length).toBeGreaterThanOrEqual(21);
  });

  it('releases what nobody took in time, and others claim that at once', async () => {
    cluster = await TestCluster.open(16);
    const a = cluster.join('a');
    await cluster.clock.advance(500);
    const b = cluster.join('b');
    b.handler.onPreload = () => new Promise(() => undefined);
    await cluster.clock.advance(300);
    const leaving = a.owner.leave(2_000);
    await cluster.clock.advance(1_300);
    await leaving;
    await cluster.clock.advance(100);
    expect(b.owner.owned()).toHaveLength(16);
    expect(b.handler.named('acquire').every((call) => call.how === 'claimed')).toBe(true);
    expect(a.handler.named('drain')).toHaveLength(16);
    expect(a.handler.named('lost')).toHaveLength(16);
  });

  it('of the last member ends at once, with nothing owned in the store', async () => {
    cluster = await TestCluster.open(16);
    const a = cluster.join('a');
    await cluster.clock.advance(500);
    const leaving = a.owner.leave(10_000);
    await cluster.clock.advance(100);
    await leaving;
    expect(a.handler.named('lost')).toHaveLength(16);
    for (const partition of cluster.space.all()) {
      expect(await cluster.store.get(cluster.space.keyOf(partition))).toBeUndefined();
    }
    await cluster.clock.advance(5_000);
    expect(a.owner.owned()).toEqual([]);
  });

  it('ends by its deadline when nothing works (Y3)', async () => {
    cluster = await TestCluster.open(16);
    const a = cluster.join('a');
    cluster.join('b');
    await cluster.clock.advance(500);
    a.faulty.cut = true;
    let left = false;
    const leaving = a.owner.leave(1_000).then(() => (left = true));
    await cluster.clock.advance(1_001);
    await cluster.clock.advance(1);
    expect(left).toBe(true);
    await leaving;
    expect(a.owner.owned()).toEqual([]);
    a.faulty.cut = false;
  });

  it('through a rolling update every partition moves by hand-off alone', async () => {
    cluster = await TestCluster.open(48);
    for (const id of ['a', 'b', 'c']) cluster.join(id, { version: '1.9.0' });
    await cluster.clock.advance(500);
    for (const [old, fresh] of [
      ['a', 'd'],
      ['b', 'e'],
      ['c', 'f'],
    ] as const) {
      cluster.join(fresh, { version: '1.10.0' });
      await cluster.clock.advance(3_000);
      const { owner, session } = cluster.member(old);
      const leaving = owner.leave(3_000);
      await cluster.clock.advance(1_000);
      await leaving;
      await owner.close();
      await session.close();
      cluster.members.delete(old);
    }
    await cluster.clock.advance(4_000);
    for (const { handler } of cluster.members.values()) {
      expect(handler.serving.size).toBeLessThanOrEqual(16);
      expect(new Set(handler.named('acquire').map((call) => call.how))).toEqual(new Set(['handed-off']));
    }
  });
});
