import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@parkade/clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StreamSpec } from './bus.js';
import { BusDirectory } from './bus-directory.js';
import { EmbeddedBroker, EmbeddedBus } from './embedded.js';

const LOG: StreamSpec = {
  name: 'log',
  subjects: ['log.*'],
  kind: 'log',
  maxAgeMs: 60_000,
  maxBytes: 1_000_000,
  duplicateWindowMs: 10_000,
};
const LAST: StreamSpec = { ...LOG, name: 'last', subjects: ['last.*'], kind: 'last-value' };
const payload = new TextEncoder().encode('x');
const beginning = { sinceMs: 0 };

let path: string;
let clock: ManualClock;
const opened: BusDirectory[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'parkade-bus-'));
  clock = new ManualClock(1_700_000_000_000);
});
afterEach(async () => {
  for (const directory of opened.splice(0)) await directory.close();
  await rm(path, { recursive: true, force: true });
});

/** The bus as a process finds it that starts now. */
async function started(): Promise<EmbeddedBus> {
  for (const directory of opened.splice(0)) await directory.close();
  const directory = await BusDirectory.open(path);
  opened.push(directory);
  const bus = new EmbeddedBus({ clock }, new EmbeddedBroker(clock, directory));
  await bus.ensureStreams([LOG, LAST]);
  return bus;
}

it('finds what was stored before, in order, and goes on with its sequences and positions (S5)', async () => {
  const before = await started();
  for (const id of ['one', 'two', 'three']) await before.publish('log.a', payload, { id });
  const [first] = await before.read('log.*', beginning).next(1, 0);
  const after = await started();
  await after.publish('log.a', payload, { id: 'four' });
  const messages = await after.read('log.*', { position: first?.position ?? '' }).next(10, 0);
  expect(messages.map(({ id, sequence }) => [id, sequence])).toEqual([
    ['two', 2],
    ['three', 3],
    ['four', 4],
  ]);
  expect(messages[0]?.payload).toEqual(payload);
});

it('stores an id once, also over a restart, within the window (S4)', async () => {
  await (await started()).publish('log.a', payload, { id: 'same' });
  await clock.advance(5_000);
  const after = await started();
  await after.publish('log.a', payload, { id: 'same' });
  expect(await after.read('log.*', beginning).next(10, 0)).toHaveLength(1);
  await clock.advance(6_000);
  await after.publish('log.a', payload, { id: 'same' });
  expect(await after.read('log.*', beginning).next(10, 0)).toHaveLength(2);
});

it('keeps the bounds over a restart: what is too old is gone from the disk, too (S2)', async () => {
  await (await started()).publish('log.a', payload, { id: 'old' });
  await clock.advance(40_000);
  const second = await started();
  await second.publish('log.a', payload, { id: 'young' });
  await clock.advance(30_000);
  const third = await started();
  expect((await third.read('log.*', beginning).next(10, 0)).map(({ id }) => id)).toEqual(['young']);
  // Sequences are never used twice, also where nothing is left of them.
  await clock.advance(100_000);
  const fourth = await started();
  await fourth.publish('log.a', payload, { id: 'later' });
  expect((await fourth.read('log.*', beginning).next(10, 0)).map(({ sequence }) => sequence)).toEqual([3]);
});

it('keeps one last value a subject, whose version never goes back (S3)', async () => {
  const before = await started();
  for (const version of [3, 5]) await before.publishLast('last.a', payload, { version });
  const after = await started();
  expect(await after.publishLast('last.a', payload, { version: 4 })).toBe(false);
  expect(await after.read('last.*', beginning).next(10, 0)).toHaveLength(1);
  expect((await after.last('last.a'))?.version).toBe(5);
});
