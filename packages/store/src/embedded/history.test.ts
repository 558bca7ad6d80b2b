import { ManualClock } from '@parkade/clock';
import { expect, it } from 'vitest';
import { put, Recorder, remove, revisionOf, storeErrorOf, text } from '../contract.testing.js';
import type { Store } from '../store.js';
import { openEmbeddedStore } from './open-embedded-store.js';

async function openWith(maxEvents: number, maxBytes = 1e9): Promise<{ store: Store; clock: ManualClock }> {
  const clock = new ManualClock();
  return { clock, store: await openEmbeddedStore({ clock, history: { maxEvents, maxBytes } }) };
}

it('compacts the oldest revisions by itself past its number of events (H2)', async () => {
  const { store } = await openWith(10);
  const first = (await put(store, '/a', '0')).revision;
  for (let i = 1; i <= 20; i++) await put(store, '/a', String(i));
  const now = await revisionOf(store);
  expect(await storeErrorOf(store.get('/a', { revision: first }))).toMatchObject({ code: 'compacted' });
  expect(text((await store.get('/a', { revision: now - 10 }))?.value)).toBe('10');
  expect(await storeErrorOf(store.get('/a', { revision: now - 11 }))).toMatchObject({ code: 'compacted' });
  const behind = new Recorder(store, '/', now - 10);
  const inTime = new Recorder(store, '/', now - 9);
  await behind.until((watch) => watch.compactedAt === now - 10);
  await inTime.until((watch) => watch.events.length === 10);
});

it('compacts by itself past its number of bytes (H2)', async () => {
  const { store } = await openWith(1_000, 100_000);
  for (let i = 0; i < 20; i++) await put(store, '/a', 'x'.repeat(10_000));
  const now = await revisionOf(store);
  expect(await store.get('/a', { revision: now - 5 })).toBeDefined();
  expect(await storeErrorOf(store.get('/a', { revision: now - 15 }))).toMatchObject({ code: 'compacted' });
});

it('tells a watcher that history overtook it, and skips nothing (W3)', async () => {
  const { store, clock } = await openWith(10);
  const watch = new Recorder(store, '/', 1);
  await clock.advance(0);
  // All in one turn: delivery comes after 50 revisions of which 40 are gone.
  await Promise.all(Array.from({ length: 50 }, (_, i) => put(store, `/${i}`)));
  await clock.advance(0);
  expect(watch.events).toEqual([]);
  expect(watch.compactedAt).toBe(41);
});

it('forgets deleted keys once their deletion is compacted', async () => {
  const { store } = await openWith(100);
  for (let i = 0; i < 1_000; i++) {
    await put(store, `/${i}`);
    await remove(store, `/${i}`);
  }
  const now = await revisionOf(store);
  expect((await store.range({ start: '/', end: '0' }, { revision: now - 100 })).kvs).toEqual([]);
  expect((await store.range({ start: '/', end: '0' }, { revision: now - 99 })).kvs.map((kv) => kv.key)).toEqual([
    '/950',
  ]);
});

it('catches a late watcher up in parts, while others are served', async () => {
  const { store, clock } = await openWith(20_000);
  for (let i = 0; i < 12_000; i++) await put(store, `/${i % 7}`);
  const late = new Recorder(store, '/', 2);
  const live = new Recorder(store, '/', 12_002);
  await put(store, '/x');
  await clock.advance(0);
  await live.until((watch) => watch.events.length === 1);
  await late.until((watch) => watch.events.length === 12_001);
  expect(late.batches.length).toBeGreaterThan(1);
  expect(late.revisions).toEqual([...late.revisions].sort((a, b) => a - b));
});
