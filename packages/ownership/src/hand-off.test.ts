import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCluster, type TestMember } from './cluster.testing.js';
import { failPuts } from './faulty-store.testing.js';
import { keys } from '@parkade/ids';

const OWNERS = keys.owners('slot-shard');
let cluster: TestCluster;
let a: TestMember<number>;
let b: TestMember<number>;

/** What each member serves, as the store has it too: one owner each, who knows it (O6). */
async function expectOneOwnerEach(): Promise<void> {
  for (const partition of cluster.space.all()) {
    const [owner, ...others] = cluster.ownersOf(partition);
    expect(others).toEqual([]);
    if (owner === undefined) throw new Error(`nobody owns ${partition}`);
    const kv = await cluster.store.get(cluster.space.keyOf(partition));
    expect(cluster.member(owner).owner.epochOf(partition)).toBe(kv?.modRevision);
    expect(cluster.member(owner).handler.serving.has(partition)).toBe(true);
  }
}

/** G2: what was opened again was ours for certain: nothing was lost other than out of a drain. */
function expectNoLossWhileAdmitting(): void {
  for (const partition of cluster.space.all()) {
    const calls = a.handler.calls.filter((entry) => entry.partition === partition).map(({ call }) => call);
    if (calls.includes('lost')) expect(calls.at(-2)).toBe('drain');
  }
}

beforeEach(async () => {
  cluster = await TestCluster.open(16);
  a = cluster.join('a');
  await cluster.clock.advance(500);
  b = cluster.join('b');
});
afterEach(() => cluster.close());

describe('a hand-off', () => {
  it('goes preload, drain, one transaction, lost with a hint, acquire', async () => {
    a.handler.ops = () => [{ kind: 'put', key: keys.handOff(1), value: new Uint8Array([1]) }];
    await cluster.clock.advance(4_000);
    const got = b.owner.owned();
    expect(got).toHaveLength(8);
    const [first] = got;
    if (first === undefined) throw new Error('none');
    expect(b.handler.calls.filter(({ partition }) => partition === first).map(({ call }) => call)).toEqual([
      'preload',
      'acquire',
    ]);
    const lost = a.handler.named('lost').find(({ partition }) => partition === first);
    expect(lost?.hint).toMatchObject({ memberId: 'b', address: 'b:1', epoch: b.owner.epochOf(first) });
    expect(a.owner.hint(first)).toEqual(lost?.hint);
    const marks = await cluster.store.get(keys.handOff(1));
    expect(got.map((partition) => b.owner.epochOf(partition))).toContain(marks?.modRevision);
    await expectOneOwnerEach();
  });

  it('is tried again when the preload fails, and leaves the owner alone meanwhile', async () => {
    let failures = 3;
    b.handler.onPreload = () => (failures-- > 0 ? Promise.reject(new Error('no copy')) : Promise.resolve());
    await cluster.clock.advance(6_000);
    expect(b.handler.named('cancelPreload')).toHaveLength(3);
    expect(a.handler.named('undrain')).toEqual([]);
    expect(b.owner.owned()).toHaveLength(8);
    await expectOneOwnerEach();
  });

  it('is given up when a preload never ends', async () => {
    b.handler.onPreload = () => new Promise(() => undefined);
    await cluster.clock.advance(40_000);
    expect(b.handler.named('cancelPreload').length).toBeGreaterThan(0);
    expect(a.owner.owned()).toHaveLength(16);
    await expectOneOwnerEach();
  });

  it('is refused with everything as before when the drain fails or takes too long', async () => {
    const ways = [() => Promise.reject(new Error('stuck')), () => new Promise<void>(() => undefined)];
    a.handler.onDrain = () => (ways.shift() ?? (() => Promise.resolve()))();
    await cluster.clock.advance(9_000);
    expect(a.handler.named('undrain')).toHaveLength(2);
    expect(b.owner.owned()).toHaveLength(8);
    await expectOneOwnerEach();
  });

  it('is tried again when the request is lost on the way there', async () => {
    let losses = 3;
    cluster.beforeHandOff = () => {
      if (losses-- > 0) throw new Error('connection reset');
    };
    await cluster.clock.advance(6_000);
    expect(b.owner.owned()).toHaveLength(8);
    await expectOneOwnerEach();
  });

  it('counts when its answer is lost: the owner key tells', async () => {
    let losses = 3;
    cluster.afterHandOff = () => {
      if (losses-- > 0) throw new Error('connection reset');
    };
    await cluster.clock.advance(6_000);
    expect(b.owner.owned()).toHaveLength(8);
    expect(b.handler.named('cancelPreload')).toEqual([]);
    await expectOneOwnerEach();
  });

  it.each(['lost', 'applied-unanswered', 'late'] as const)(
    'has one outcome when the transaction is %s',
    async (fault) => {
      a.faulty.fault = failPuts(OWNERS, fault, 2);
      await cluster.clock.advance(6_000);
      // What lands after the owner raised its epoch changes nothing.
      await a.faulty.landLate();
      await a.faulty.landLate();
      await cluster.clock.advance(100);
      expect(b.owner.owned()).toHaveLength(8);
      await expectOneOwnerEach();
      expectNoLossWhileAdmitting();
      if (fault === 'lost') expect(a.handler.named('undrain').length).toBeGreaterThan(0);
    },
  );

  it('is refused when the target has lost its lease', async () => {
    a.handler.onDrain = async () => {
      const leaseId = b.session.leaseId;
      if (leaseId !== undefined) await cluster.store.revokeLease(leaseId);
    };
    await cluster.clock.advance(2_500);
    a.handler.onDrain = () => Promise.resolve();
    await cluster.clock.advance(8_000);
    expect(b.owner.owned()).toHaveLength(8);
    await expectOneOwnerEach();
  });

  it('is refused to whom the partition is not placed at, for what is not owned, and for other roles', async () => {
    await cluster.clock.advance(5_000);
    const run = b.session.current();
    const [kept] = a.owner.owned();
    const [gone] = b.owner.owned();
    if (run === undefined || kept === undefined || gone === undefined) throw new Error('not set up');
    const request = { role: 'slot-shard', partition: kept, memberId: 'b', address: 'b:1', ...run };
    expect(await a.owner.handOff(request)).toMatchObject({ ok: false, reason: 'not-wanted' });
    expect(await a.owner.handOff({ ...request, partition: gone })).toMatchObject({
      ok: false,
      reason: 'not-owner',
      owner: { memberId: 'b' },
    });
    expect(await a.owner.handOff({ ...request, role: 'recall' })).toEqual({ ok: false, reason: 'not-owner' });
    expect(a.handler.named('undrain')).toEqual([]);
  });

  it('reports nothing when nothing fails', async () => {
    await cluster.clock.advance(6_000);
    expect([...a.reports, ...b.reports]).toEqual([]);
  });
});
