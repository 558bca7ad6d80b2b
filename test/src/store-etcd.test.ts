import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock } from '@parkade/clock';
import { openEtcdStore, type Store, type Txn } from '@parkade/store';
import {
  put,
  putOp,
  Recorder,
  remove,
  revisionOf,
  revisionOfEvent,
  storeContract,
  storeErrorOf,
} from '@parkade/store/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEtcd, startEtcdCluster, type RunningEtcd } from './support/etcd.js';

const clock = new SystemClock();

storeContract('etcd', async () => {
  const etcd = await startEtcd();
  const store = await openEtcdStore({ endpoints: [etcd.endpoint], clock });
  return {
    store,
    passTime: (ms) => delay(ms),
    dispose: async () => {
      await store.close();
      await etcd.stop();
    },
  };
});

describe('etcd that fails', () => {
  let etcd: RunningEtcd;
  let store: Store;
  let tests = 0;
  let p = '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(async () => {
    await etcd.stop();
  });
  beforeEach(async () => {
    p = `/failing/${++tests}/`;
    store = await openEtcdStore({ endpoints: [etcd.endpoint], clock, watchHeartbeatMs: 500 });
  });
  afterEach(async () => {
    await store.close();
  });

  it('loses and doubles no event over a kill and restart (S4)', async () => {
    const from = (await revisionOf(store)) + 1;
    const watches = [new Recorder(store, p, from), new Recorder(store, p, from)];
    const acknowledged: number[] = [];
    let stopped = false;
    const writer = (async () => {
      for (let i = 0; !stopped; i++) {
        try {
          acknowledged.push((await put(store, `${p}${i % 10}`, String(i))).revision);
        } catch {
          // Its outcome is unknown; the history read below tells.
        }
      }
    })();
    for (let round = 0; round < 2; round++) {
      await delay(500);
      await etcd.kill('SIGKILL');
      await delay(200);
      await etcd.restart();
    }
    await delay(500);
    stopped = true;
    await writer;
    const last = (await put(store, `${p}end`)).revision;
    const late = new Recorder(store, p, from);
    for (const watch of [...watches, late]) await watch.until((w) => w.revisions.at(-1) === last);
    for (const watch of watches) expect(watch.lines).toEqual(late.lines);
    const revisions = late.events.map(revisionOfEvent);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(acknowledged.length).toBeGreaterThan(50);
    const delivered = new Set(revisions);
    expect(acknowledged.filter((revision) => !delivered.has(revision))).toEqual([]);
    expect(watches[0]?.ups).toEqual([true, false, true, false, true]);
  });

  it('notices a stream that falls silent, and continues it', async () => {
    const from = (await revisionOf(store)) + 1;
    const watch = new Recorder(store, p, from);
    await put(store, `${p}a`, '1');
    await watch.until((w) => w.events.length === 1);
    await etcd.kill('SIGSTOP');
    try {
      await watch.until((w) => w.ups.includes(false));
    } finally {
      await etcd.kill('SIGCONT');
    }
    await put(store, `${p}a`, '2');
    await watch.until((w) => w.events.length === 2);
    expect(watch.lines).toEqual([`put ${p}a=1@${from}`, `put ${p}a=2@${from + 1}`]);
  });

  it('tells a watcher that was behind when history was compacted, and leaves no gap unsaid (S4)', async () => {
    await put(store, `${p}a`, '1');
    const deleted = (await remove(store, `${p}a`)).revision;
    const seen = new Recorder(store, p, deleted);
    await seen.until((w) => w.events.length === 1);
    // The watcher has delivered up to `deleted`; it loses its connection, and misses a deletion that is compacted.
    await etcd.kill('SIGKILL');
    await seen.until((w) => w.ups.includes(false));
    await etcd.restart();
    const other = await openEtcdStore({ endpoints: [etcd.endpoint], clock });
    try {
      await put(other, `${p}a`, '2');
      const missed = (await remove(other, `${p}a`)).revision;
      await other.compact(missed);
      await seen.until((w) => w.compactedAt !== undefined || w.events.length === 3);
      if (seen.compactedAt === undefined) expect(seen.lines.at(-1)).toBe(`delete ${p}a@${missed}`);
      else expect(seen.compactedAt).toBe(missed);
      const edge = new Recorder(other, p, missed);
      await edge.until((w) => w.compactedAt === missed);
    } finally {
      await other.close();
    }
  });

  it('reports an unknown outcome when etcd stops in the middle of a transaction (S6)', async () => {
    await put(store, `${p}a`, 'before');
    await etcd.kill('SIGSTOP');
    try {
      const errors = await Promise.all([
        storeErrorOf(store.txn({ compare: [], success: [putOp(`${p}a`, 'after')] }, { timeoutMs: 500 })),
        storeErrorOf(store.get(`${p}a`, { timeoutMs: 500 })),
        storeErrorOf(store.keepAlive('123', { timeoutMs: 500 })),
      ]);
      expect(errors.map((error) => [error.code, error.unknownOutcome])).toEqual([
        ['unavailable', true],
        ['unavailable', false],
        ['unavailable', false],
      ]);
    } finally {
      await etcd.kill('SIGCONT');
    }
    expect(await store.get(`${p}a`)).toBeDefined();
  });

  it('knows that nothing was sent when etcd could not be reached (S6)', async () => {
    await put(store, `${p}a`);
    await etcd.kill('SIGKILL');
    // The first call may still find the old connection; then the outcome is unknown.
    await storeErrorOf(put(store, `${p}a`)).catch(() => undefined);
    const refused = await storeErrorOf(store.txn({ compare: [], success: [putOp(`${p}a`)] }, { timeoutMs: 300 }));
    expect(refused).toMatchObject({ code: 'unavailable', unknownOutcome: false });
    const waiting = put(store, `${p}a`, 'patient');
    await etcd.restart();
    expect((await waiting).succeeded).toBe(true);
  });

  it('moves to another endpoint when one does not answer', async () => {
    const both = await openEtcdStore({ endpoints: ['127.0.0.1:1', etcd.endpoint], clock });
    try {
      const watch = new Recorder(both, p, (await revisionOf(both)) + 1);
      await Promise.all(Array.from({ length: 20 }, (_, i) => put(both, `${p}${i}`)));
      const lease = await both.grantLease(2_000);
      await both.keepAlive(lease.id);
      await watch.until((w) => w.events.length === 20);
    } finally {
      await both.close();
    }
  });

  it('keeps leases from expiring before their TTL when etcd restarts (S5)', async () => {
    const lease = await store.grantLease(3_000);
    await put(store, `${p}a`, 'v', lease.id);
    await delay(1_500);
    await store.keepAlive(lease.id);
    await etcd.kill('SIGKILL');
    await etcd.restart();
    expect(await store.get(`${p}a`)).toBeDefined();
    await store.keepAlive(lease.id);
    const watch = new Recorder(store, p, (await revisionOf(store)) + 1);
    await watch.until((w) => w.events.length === 1);
    expect(watch.events[0]?.kind).toBe('delete');
  });
});

describe('a member of a cluster that lost its quorum', () => {
  let members: readonly RunningEtcd[] = [];

  beforeAll(async () => {
    members = await startEtcdCluster(3);
  });
  afterAll(async () => {
    await Promise.all(members.map((member) => member.stop()));
  });

  it('answers nothing from its own, perhaps old, state: not even a transaction without operations (S2, S3)', async () => {
    const [alone, ...others] = members;
    const store = await openEtcdStore({ endpoints: [alone?.endpoint ?? ''], clock });
    try {
      const key = '/quorum/a';
      const { revision } = await put(store, key);
      const txn: Txn = { compare: [{ kind: 'mod', key, revision }], success: [] };
      expect((await store.txn(txn)).succeeded).toBe(true);
      for (const other of others) await other.kill('SIGSTOP');
      try {
        const errors = await Promise.all([
          storeErrorOf(store.txn(txn, { timeoutMs: 1_000 })),
          storeErrorOf(store.txn({ compare: [], success: [] }, { timeoutMs: 1_000 })),
          storeErrorOf(store.get(key, { timeoutMs: 1_000 })),
        ]);
        for (const error of errors) expect(error).toMatchObject({ code: 'unavailable', unknownOutcome: false });
      } finally {
        for (const other of others) await other.kill('SIGCONT');
      }
      expect((await store.txn(txn, { timeoutMs: 20_000 })).succeeded).toBe(true);
    } finally {
      await store.close();
    }
  });

  it('goes on through another member when the one in use dies', async () => {
    const store = await openEtcdStore({ endpoints: members.map((member) => member.endpoint), clock });
    try {
      const from = (await revisionOf(store)) + 1;
      const watch = new Recorder(store, '/death/', from);
      const acknowledged: number[] = [];
      for (const member of members) {
        await member.kill('SIGKILL');
        for (let done = 0; done < 5;) {
          try {
            acknowledged.push((await put(store, '/death/a', String(done))).revision);
            done++;
          } catch (error: unknown) {
            expect(error).toMatchObject({ code: 'unavailable' });
          }
        }
        await member.restart();
      }
      await watch.until((w) => (w.revisions.at(-1) ?? 0) >= (acknowledged.at(-1) ?? 0));
      const delivered = watch.events.map(revisionOfEvent);
      expect(delivered).toEqual([...new Set(delivered)].sort((a, b) => a - b));
      expect(acknowledged.filter((revision) => !delivered.includes(revision))).toEqual([]);
    } finally {
      await store.close();
    }
  });
});

describe('a guarded etcd', () => {
  it('is reached over TLS, and only with its certificate trusted', async () => {
    const etcd = await startEtcd({ tls: true });
    const endpoints = [`https://${etcd.endpoint}`];
    const stores: Store[] = [];
    try {
      const trusting = await openEtcdStore({
        endpoints,
        clock,
        tls: { rootCertificate: await etcd.rootCertificate() },
      });
      stores.push(trusting);
      expect((await put(trusting, '/tls/a')).succeeded).toBe(true);
      const doubting = await openEtcdStore({ endpoints, clock });
      stores.push(doubting);
      expect(await storeErrorOf(doubting.get('/tls/a', { timeoutMs: 500 }))).toMatchObject({ code: 'unavailable' });
    } finally {
      for (const store of stores) await store.close();
      await etcd.stop();
    }
  });

  it('is used with user and password, also after the token was lost', async () => {
    const etcd = await startEtcd();
    const admin = async (path: string, body: object, token = ''): Promise<string> => {
      const response = await fetch(`http://${etcd.endpoint}/v3/auth/${path}`, {
        method: 'POST',
        headers: token === '' ? {} : { authorization: token },
        body: JSON.stringify(body),
      });
      const answer = await response.text();
      expect(response.status, answer).toBe(200);
      return /"token":"([^"]+)"/.exec(answer)?.[1] ?? '';
    };
    const stores: Store[] = [];
    const open = async (password: string): Promise<Store> => {
      const store = await openEtcdStore({ endpoints: [etcd.endpoint], clock, auth: { username: 'root', password } });
      stores.push(store);
      return store;
    };
    try {
      await admin('user/add', { name: 'root', password: 'right' });
      await admin('role/add', { name: 'root' });
      await admin('user/grant', { user: 'root', role: 'root' });
      await admin('enable', {});
      const store = await open('right');
      const watch = new Recorder(store, '/auth/', 1);
      await put(store, '/auth/a');
      await watch.until((w) => w.events.length === 1);
      const token = await admin('authenticate', { name: 'root', password: 'right' });
      await admin('disable', {}, token); // drops every token
      await admin('enable', {});
      await etcd.kill('SIGKILL');
      await etcd.restart(); // and the watch has to come back
      for (let done = false; !done;) {
        done = await put(store, '/auth/b').then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'unavailable' });
            return false;
          },
        );
      }
      const lease = await store.grantLease(2_000);
      await store.keepAlive(lease.id);
      await watch.until((w) => w.lines.some((line) => line.startsWith('put /auth/b')));
      expect(await storeErrorOf((await open('wrong')).get('/auth/a'))).toMatchObject({ code: 'invalid' });
      const stranger = await openEtcdStore({ endpoints: [etcd.endpoint], clock });
      stores.push(stranger);
      expect(await storeErrorOf(put(stranger, '/auth/c'))).toMatchObject({ code: 'invalid', unknownOutcome: false });
    } finally {
      for (const store of stores) await store.close();
      await etcd.stop();
    }
  });
});
