import { describe, expect, it } from 'vitest';
import { prefixRange } from '../store.js';
import {
  put,
  putOp,
  Recorder,
  remove,
  revisionOf,
  revisionOfEvent,
  storeErrorOf,
  useSubject,
  type OpenSubject,
} from './subject.testing.js';

export function leaseContract(open: OpenSubject): void {
  describe('leases', () => {
    const { store, prefix, passTime } = useSubject(open);

    it('rounds the TTL up to whole seconds, and to its minimum', async () => {
      const short = await store().grantLease(1);
      expect(short.ttlMs).toBe(2_000);
      const odd = await store().grantLease(7_001);
      expect(odd.ttlMs).toBe(8_000);
      expect(odd.id).not.toBe(short.id);
      await store().revokeLease(short.id);
      await store().revokeLease(odd.id);
    });

    it('deletes the keys of a revoked lease in one revision (S5)', async () => {
      const p = prefix();
      const lease = await store().grantLease(60_000);
      await put(store(), `${p}free`);
      await store().txn({
        compare: [],
        success: [putOp(`${p}a`, 'v', lease.id), putOp(`${p}b`, 'v', lease.id), putOp(`${p}c`, 'v', lease.id)],
      });
      expect((await store().get(`${p}a`))?.leaseId).toBe(lease.id);
      expect((await store().get(`${p}free`))?.leaseId).toBeUndefined();
      const before = await revisionOf(store());
      const watch = new Recorder(store(), p, before + 1);
      await store().revokeLease(lease.id);
      await watch.until((w) => w.events.length === 3);
      expect(watch.lines).toEqual(['a', 'b', 'c'].map((key) => `delete ${p}${key}@${before + 1}`));
      expect(watch.batches).toHaveLength(1);
      expect((await store().range(prefixRange(p))).kvs.map((kv) => kv.key)).toEqual([`${p}free`]);
      watch.close();
    });

    it('revokes a lease that is gone without complaint, and refuses every other use of it', async () => {
      const p = prefix();
      const lease = await store().grantLease(60_000);
      await store().revokeLease(lease.id);
      await store().revokeLease(lease.id);
      expect(await storeErrorOf(store().keepAlive(lease.id))).toMatchObject({ code: 'lease-not-found' });
      const refused = await storeErrorOf(
        store().txn({ compare: [], success: [putOp(`${p}a`), putOp(`${p}b`, 'v', lease.id)] }),
      );
      expect(refused).toMatchObject({ code: 'lease-not-found', unknownOutcome: false });
      expect((await store().range(prefixRange(p))).kvs).toEqual([]);
    });

    it('lets go of a key that is put again without the lease, with another one, or deleted', async () => {
      const p = prefix();
      const lease = await store().grantLease(60_000);
      const other = await store().grantLease(60_000);
      for (const key of ['plain', 'other', 'again', 'kept']) await put(store(), `${p}${key}`, '1', lease.id);
      await put(store(), `${p}plain`, '2');
      await put(store(), `${p}other`, '2', other.id);
      await remove(store(), `${p}again`);
      await put(store(), `${p}again`, '2');
      await store().revokeLease(lease.id);
      expect((await store().range(prefixRange(p))).kvs.map((kv) => [kv.key, kv.leaseId])).toEqual([
        [`${p}again`, undefined],
        [`${p}other`, other.id],
        [`${p}plain`, undefined],
      ]);
      await store().revokeLease(other.id);
      expect(await store().get(`${p}other`)).toBeUndefined();
    });

    it('expires a lease that is not kept alive, deleting its keys in one revision (S5)', async () => {
      const p = prefix();
      const lease = await store().grantLease(2_000);
      const { revision } = await store().txn({
        compare: [],
        success: [putOp(`${p}a`, 'v', lease.id), putOp(`${p}b`, 'v', lease.id)],
      });
      const watch = new Recorder(store(), p, revision + 1);
      await passTime(1_500);
      expect(watch.events).toEqual([]);
      await Promise.all([passTime(4_000), watch.until((w) => w.events.length === 2)]);
      expect(watch.events.map((event) => event.kind)).toEqual(['delete', 'delete']);
      expect(new Set(watch.events.map(revisionOfEvent)).size).toBe(1);
      expect(await storeErrorOf(store().keepAlive(lease.id))).toMatchObject({ code: 'lease-not-found' });
      watch.close();
    });

    it('keeps a lease alive from each keepalive on', async () => {
      const p = prefix();
      const lease = await store().grantLease(2_000);
      await put(store(), `${p}a`, 'v', lease.id);
      for (let i = 0; i < 4; i++) {
        await passTime(1_000);
        await store().keepAlive(lease.id);
      }
      await passTime(1_000);
      expect(await store().get(`${p}a`)).toBeDefined();
      await store().revokeLease(lease.id);
    });
  });
}
