import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCluster, type TestMember } from './cluster.testing.js';
import { failPuts } from './faulty-store.testing.js';
import { OwnershipLostError } from './ownership-error.js';

let cluster: TestCluster;
let a: TestMember<number>;
const KEY = '/parkade/owners/slot-shard/00003';

async function settled<T>(promise: Promise<T>, ms = 5_000): Promise<T | Error> {
  const caught = promise.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  await cluster.clock.advance(ms);
  return caught;
}

function epoch(): number {
  const value = a.owner.epochOf(3);
  if (value === undefined) throw new Error('not owned');
  return value;
}

beforeEach(async () => {
  cluster = await TestCluster.open(8);
  a = cluster.join('a');
  await cluster.clock.advance(500);
});
afterEach(() => cluster.close());

describe('raising the epoch', () => {
  it('gives a higher epoch, and writes under the old one fail', async () => {
    const old = a.owner.fenceCompare(3);
    const before = epoch();
    const raised = await settled(a.owner.raiseEpoch(3), 10);
    expect(raised).toBeGreaterThan(before);
    expect(epoch()).toBe(raised);
    const put = { kind: 'put', key: '/x', value: new Uint8Array() } as const;
    expect((await cluster.store.txn({ compare: [old], success: [put] })).succeeded).toBe(false);
    expect((await cluster.store.txn({ compare: [a.owner.fenceCompare(3)], success: [put] })).succeeded).toBe(true);
    expect(a.handler.named('acquire').filter(({ partition }) => partition === 3)).toHaveLength(1);
  });

  it.each(['applied-unanswered', 'lost', 'late'] as const)(
    'settles its own unknown outcome when a write is %s (K1)',
    async (fault) => {
      a.faulty.fault = failPuts(KEY, fault, 2);
      const raised = await settled(a.owner.raiseEpoch(3));
      await a.faulty.landLate();
      await a.faulty.landLate();
      await cluster.clock.advance(100);
      expect((await cluster.store.get(KEY))?.modRevision).toBe(raised);
      expect(epoch()).toBe(raised);
    },
  );

  it('rejects when the partition was taken, after lost was called', async () => {
    a.faulty.cut = true;
    const value = new Uint8Array();
    await cluster.store.txn({ compare: [], success: [{ kind: 'put', key: KEY, value }] });
    const raising = a.owner.raiseEpoch(3);
    await cluster.clock.advance(100);
    a.faulty.cut = false;
    expect(await settled(raising, 1_000)).toBeInstanceOf(OwnershipLostError);
    expect(a.handler.named('lost').map(({ partition }) => partition)).toEqual([3]);
  });

  it('rejects when the session ends first (K2), and what lands later changes nothing', async () => {
    a.faulty.cut = true;
    expect(await settled(a.owner.raiseEpoch(3), 6_000)).toBeInstanceOf(OwnershipLostError);
    expect(a.owner.owns(3)).toBe(false);
  });

  it('of several at a time each is higher than the one before', async () => {
    const all = Promise.all([a.owner.raiseEpoch(3), a.owner.raiseEpoch(3), a.owner.raiseEpoch(3)]);
    const epochs = await settled(all, 50);
    expect(epochs).toEqual([...new Set(epochs as number[])].sort((x, y) => x - y));
    expect(epoch()).toBe((epochs as number[])[2]);
  });

  it('rejects for a partition that is not ours', async () => {
    await expect(a.owner.raiseEpoch(99)).rejects.toBeInstanceOf(OwnershipLostError);
    expect(() => a.owner.fenceCompare(99)).toThrow(OwnershipLostError);
  });
});

describe('a fence that did not hold', () => {
  it('is confirmed as a loss by a read of the owner key', async () => {
    a.faulty.cut = true;
    await cluster.store.txn({ compare: [], success: [{ kind: 'put', key: KEY, value: new Uint8Array() }] });
    await cluster.clock.advance(10);
    expect(await settled(a.owner.confirmLost(3), 10)).toBe(false);
    a.faulty.cut = false;
    expect(await settled(a.owner.confirmLost(3), 10)).toBe(true);
    expect(await a.owner.confirmLost(99)).toBe(true);
  });

  it('is no loss where a write of ours landed late: the partition is acquired again under that epoch', async () => {
    const current = await cluster.store.get(KEY);
    if (current?.leaseId === undefined) throw new Error('not owned');
    const { value, leaseId } = current;
    await cluster.store.txn({ compare: [], success: [{ kind: 'put', key: KEY, value, leaseId }] });
    expect(await settled(a.owner.confirmLost(3), 10)).toBe(false);
    expect(a.handler.named('acquire').at(-1)).toMatchObject({ partition: 3, how: 'raised', epoch: epoch() });
    expect(epoch()).toBeGreaterThan(current.modRevision);
  });
});

describe('a claim', () => {
  it.each(['applied-unanswered', 'lost', 'late'] as const)(
    'ends with every partition owned once when its transaction is %s (C3)',
    async (fault) => {
      const kill = cluster.kill('a');
      const b = cluster.join('b', {
        prepare: ({ faulty }) => (faulty.fault = failPuts('/parkade/owners/', fault, 2)),
      });
      await cluster.clock.advance(2_000);
      await b.faulty.landLate();
      await b.faulty.landLate();
      await cluster.clock.advance(500);
      expect(kill.handler.serving.size).toBe(8);
      for (const partition of cluster.space.all()) {
        const kv = await cluster.store.get(cluster.space.keyOf(partition));
        expect(b.owner.epochOf(partition)).toBe(kv?.modRevision);
      }
      expect(b.handler.serving.size).toBe(8);
    },
  );

  it('is given back and made again when the load fails', async () => {
    let failures = 2;
    a.handler.onAcquire = (partition) =>
      partition === 3 && failures-- > 0 ? Promise.reject(new Error('bad record')) : Promise.resolve();
    const leaseId = a.session.leaseId ?? '';
    await cluster.store.revokeLease(leaseId);
    await cluster.clock.advance(3_000);
    expect(a.handler.serving.size).toBe(8);
    const epochs = a.handler
      .named('acquire')
      .filter(({ partition }) => partition === 3)
      .map((call) => call.epoch);
    expect(epochs).toHaveLength(4);
    expect(epochs).toEqual([...epochs].sort((x, y) => x - y));
  });
});
