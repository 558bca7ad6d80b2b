import { ManualClock, SeededRandom } from '@parkade/clock';
import { openEmbeddedStore, prefixRange, type Store } from '@parkade/store';
import { beforeEach, describe, expect, it } from 'vitest';
import { FaultyStore } from './faulty-store.testing.js';
import { writtenKey } from './owner-key.js';
import { RangeMirror } from './range-mirror.js';

let clock: ManualClock;
let inner: Store;
let faulty: FaultyStore;
let mirror: RangeMirror;
let told: string[];

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function put(key: string, text: string): Promise<number> {
  return (await inner.txn({ compare: [], success: [{ kind: 'put', key, value: bytes(text) }] })).revision;
}

async function remove(key: string): Promise<number> {
  return (await inner.txn({ compare: [], success: [{ kind: 'delete', range: { start: key } }] })).revision;
}

function shown(): string[] {
  return [...mirror.values()].map((kv) => `${kv.key}=${Buffer.from(kv.value).toString()}`).sort();
}

beforeEach(async () => {
  clock = new ManualClock();
  inner = await openEmbeddedStore({ clock });
  faulty = new FaultyStore(inner);
  mirror = new RangeMirror(prefixRange('/p/'), { store: faulty.store, clock, random: new SeededRandom(1) });
  told = [];
  mirror.onChange((changes) => {
    for (const { key, after, listed } of changes)
      told.push(`${after === undefined ? '-' : '+'}${key}${listed ? ' listed' : ''}`);
  });
});

describe('a range mirror', () => {
  it('shows what was listed and what changes after it', async () => {
    await put('/p/1', 'a');
    await put('/q/1', 'other');
    await mirror.start();
    await put('/p/2', 'b');
    await remove('/p/1');
    await clock.advance(10);
    expect(shown()).toEqual(['/p/2=b']);
    expect(told).toEqual(['+/p/1 listed', '+/p/2', '-/p/1']);
  });

  it('keeps trying to list while the store is away', async () => {
    faulty.cut = true;
    const started = mirror.start();
    await clock.advance(5_000);
    expect(mirror.ready).toBe(false);
    faulty.cut = false;
    await clock.advance(2_500);
    await started;
    expect(mirror.ready).toBe(true);
  });

  it('lists again when history was compacted under its watch, and tells what changed meanwhile (R3)', async () => {
    await put('/p/1', 'a');
    await put('/p/2', 'a');
    let compactNext = true;
    const store: Store = {
      ...faulty.store,
      watch: (range, from, handlers) => {
        if (!compactNext) return faulty.store.watch(range, from, handlers);
        compactNext = false;
        void remove('/p/1')
          .then(() => put('/p/2', 'b'))
          .then(() => handlers.compacted(from));
        return { close: () => undefined };
      },
    };
    mirror = new RangeMirror(prefixRange('/p/'), { store, clock, random: new SeededRandom(1) });
    mirror.onChange((changes) => {
      for (const { key, after } of changes) told.push(`${after === undefined ? '-' : '+'}${key}`);
    });
    await mirror.start();
    await clock.advance(1_000);
    expect(shown()).toEqual(['/p/2=b']);
    expect(told).toEqual(['+/p/1', '+/p/2', '-/p/1', '+/p/2']);
    await put('/p/3', 'c');
    await clock.advance(10);
    expect(shown()).toEqual(['/p/2=b', '/p/3=c']);
  });

  it('never goes back to older news, whichever way it comes (R1)', async () => {
    await mirror.start();
    const first = await put('/p/1', 'a');
    const second = await put('/p/1', 'b');
    mirror.observe('/p/1', writtenKey('/p/1', bytes('b'), second, '1'), second);
    mirror.observe('/p/1', writtenKey('/p/1', bytes('a'), first, '1'), first);
    expect(shown()).toEqual(['/p/1=b']);
    await clock.advance(10);
    const gone = await remove('/p/1');
    mirror.observe('/p/1', undefined, gone);
    mirror.observe('/p/1', writtenKey('/p/1', bytes('b'), second, '1'), second);
    expect(shown()).toEqual([]);
    await clock.advance(10);
    mirror.observe('/p/1', writtenKey('/p/1', bytes('b'), second, '1'), second);
    expect(shown()).toEqual([]);
    expect(told.indexOf('-/p/1')).toBe(told.length - 1);
  });

  it('tells nothing after it was closed', async () => {
    await mirror.start();
    mirror.close();
    await put('/p/1', 'a');
    await clock.advance(10);
    expect(told).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
