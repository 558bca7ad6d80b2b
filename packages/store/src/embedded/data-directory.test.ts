import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@parkade/clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { put, putOp, Recorder, remove, storeErrorOf, text } from '../contract.testing.js';
import { prefixRange, type Store } from '../store.js';
import { openEmbeddedStore } from './open-embedded-store.js';

let dataDir: string;
let clock: ManualClock;
const stores: Store[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parkade-store-'));
  clock = new ManualClock();
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function reopen(): Promise<Store> {
  await stores.pop()?.close();
  const store = await openEmbeddedStore({ clock, dataDir });
  stores.push(store);
  return store;
}

it('keeps keys, versions and the revision over a restart (P1, P2)', async () => {
  const before = await reopen();
  await put(before, '/é/€', '1');
  await put(before, '/é/€', '2');
  await put(before, '/gone');
  await put(before, '/empty', '');
  const { revision } = await remove(before, '/gone');
  const range = { start: '/', end: '0' };
  const kept = await before.range(range);
  const after = await reopen();
  expect(await after.range(range)).toEqual(kept);
  expect(kept.kvs.map((kv) => [kv.key, text(kv.value), kv.version])).toEqual([
    ['/empty', '', 1],
    ['/é/€', '2', 2],
  ]);
  expect((await put(after, '/new')).revision).toBe(revision + 1);
});

it('counts history before a restart as compacted, and watches from there on', async () => {
  const before = await reopen();
  const first = (await put(before, '/a', '1')).revision;
  const second = (await put(before, '/a', '2')).revision;
  const after = await reopen();
  expect(await storeErrorOf(after.get('/a', { revision: first }))).toMatchObject({ code: 'compacted' });
  expect(text((await after.get('/a', { revision: second }))?.value)).toBe('2');
  const late = new Recorder(after, '/', second);
  const onTime = new Recorder(after, '/', second + 1);
  await put(after, '/a', '3');
  await late.until((watch) => watch.compactedAt === second);
  await onTime.until((watch) => watch.events.length === 1);
});

it('lets leases and their keys live on for a whole TTL after a restart (S5)', async () => {
  const before = await reopen();
  const lease = await before.grantLease(10_000);
  const revoked = await before.grantLease(10_000);
  await before.txn({ compare: [], success: [putOp('/a', 'v', lease.id), putOp('/b', 'v', revoked.id)] });
  await clock.advance(9_000);
  await before.revokeLease(revoked.id);
  const after = await reopen();
  await clock.advance(9_000);
  expect((await after.get('/a'))?.leaseId).toBe(lease.id);
  expect((await after.grantLease(1)).id).not.toBeOneOf([lease.id, revoked.id]);
  expect(await storeErrorOf(after.keepAlive(revoked.id))).toMatchObject({ code: 'lease-not-found' });
  await clock.advance(1_000);
  expect(await after.get('/a')).toBeUndefined();
  const again = await reopen();
  expect(await again.get('/a')).toBeUndefined();
  expect(await storeErrorOf(again.keepAlive(lease.id))).toMatchObject({ code: 'lease-not-found' });
});

it('refuses a directory that is open already, here or in a live process (P3)', async () => {
  await reopen();
  expect((await storeErrorOf(openEmbeddedStore({ clock, dataDir }))).message).toMatch(/in use by this process/);
  await stores.pop()?.close();
  const lock = join(dataDir, 'lock');
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    await once(other, 'spawn');
    await writeFile(lock, `${other.pid ?? 0} ?\n`);
    const refused = await storeErrorOf(openEmbeddedStore({ clock, dataDir }));
    expect(refused).toMatchObject({ code: 'unavailable', unknownOutcome: false });
    expect(refused.message).toContain(`in use by process ${other.pid ?? 0}`);
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
  await reopen(); // its process is gone: the lock is stale
  expect(await readFile(lock, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
});

it('takes over a lock whose process id belongs to another process by now (P3)', async () => {
  // Process 1 lives, but did not start at tick 0 of another boot.
  await writeFile(join(dataDir, 'lock'), '1 another-boot:0\n');
  await reopen();
});

it('has an acknowledged write in the file before the answer (E2)', async () => {
  const store = await reopen();
  const copyDir = await mkdtemp(join(tmpdir(), 'parkade-store-copy-'));
  try {
    await Promise.all(Array.from({ length: 50 }, (_, i) => put(store, `/w/${i}`)));
    await copyFile(join(dataDir, 'store.mdb'), join(copyDir, 'store.mdb'));
    const copy = await openEmbeddedStore({ clock, dataDir: copyDir });
    expect((await copy.range(prefixRange('/w/'))).kvs).toHaveLength(50);
    await copy.close();
  } finally {
    await rm(copyDir, { recursive: true, force: true });
  }
});

it('has a change in the file before a watch tells of it (E2, W1)', async () => {
  const store = await reopen();
  const file = join(dataDir, 'store.mdb');
  const onDisk: boolean[] = [];
  const told = new Promise<void>((resolve) => {
    store.watch({ start: '/a' }, 1, {
      events: () => {
        onDisk.push(readFileSync(file).includes('the value to look for'));
        resolve();
      },
      compacted: () => undefined,
    });
  });
  await Promise.all([put(store, '/a', 'the value to look for'), told]);
  expect(onDisk).toEqual([true]);
});
