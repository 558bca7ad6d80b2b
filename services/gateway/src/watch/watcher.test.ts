import { ManualClock, SeededRandom } from '@parkade/clock';
import type { Refused } from '@parkade/rpc';
import { WatchSlotsResponse } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../config.js';
import { record } from '../testing/samples.testing.js';
import { readResumeToken } from './resume-token.js';
import { ShardFeed, type ShardFeedDeps } from './shard-feed.js';
import { ShardImage } from './shard-image.js';
import { TokenWriter } from './token-writer.js';
import { Watcher } from './watcher.js';

/** A client that takes `room` messages and then no more until it is told to go on. */
class SlowSink {
  readonly lines: string[] = [];
  readonly tokens: string[] = [];
  ended: Refused | undefined;
  room = Infinity;
  #drained: (() => void) | undefined;

  write(bytes: Uint8Array): boolean {
    const { event, resumeToken } = WatchSlotsResponse.decode(bytes);
    const slot = event?.$case === 'slot' ? event.value : undefined;
    this.lines.push(slot === undefined ? (event?.$case ?? '') : `${slot.slot}@${slot.revision}`);
    this.tokens.push(resumeToken);
    return --this.room > 0;
  }

  drained(listener: () => void): void {
    this.#drained = listener;
  }

  end(refused: Refused): void {
    this.ended = refused;
  }

  goOn(): void {
    this.room = Infinity;
    this.#drained?.();
  }
}

/** One watcher of one shard whose feed is live. */
async function watching(maxPending = 100): Promise<{ sink: SlowSink; watcher: Watcher; put: Put; image: ShardImage }> {
  const sink = new SlowSink();
  const image = new ShardImage(100, 1_000);
  image.reset();
  image.synced(1, 0);
  const watcher = new Watcher({ tenantId: 'acme', lotId: '' }, 1, undefined, undefined, maxPending, {
    sink,
    nowMs: () => 0,
    tokens: new TokenWriter(),
    dirty: () => undefined,
  });
  const live = (told: (live: boolean) => void): (() => void) => {
    told(true);
    return () => undefined;
  };
  const feed = { shard: 3, image, live, listen: () => () => undefined };
  await watcher.join(feed as unknown as ShardFeed);
  watcher.flush();
  const put: Put = (slot, revision) => {
    const entry = image.follow({ record: record('default', slot, 'c'), revision }, 0);
    image.advance(revision);
    if (entry !== undefined) watcher.changed(entry);
  };
  return { sink, watcher, put, image };
}
type Put = (slot: string, revision: number) => void;

describe('a watcher', () => {
  it('keeps only the latest state of each slot while its client does not read (V1)', async () => {
    const { sink, watcher, put } = await watching();
    sink.room = 1;
    put('a', 2);
    watcher.flush();
    for (let revision = 3; revision < 50; revision++) {
      put(revision % 2 === 0 ? 'a' : 'b', revision);
      watcher.flush();
    }
    sink.goOn();
    watcher.flush();
    expect(sink.lines).toEqual(['synced', 'a@2', 'b@49', 'a@48']);
  });

  it('says in its token only what was sent (V3)', async () => {
    const { sink, watcher, put } = await watching();
    const revision = (at: number): number | undefined =>
      readResumeToken(1, sink.tokens.at(at) ?? '', 8)?.revisions.get(3);
    expect(revision(0)).toBe(1);
    sink.room = 1;
    put('a', 2);
    put('b', 3);
    watcher.flush();
    expect(revision(1)).toBe(1);
    sink.goOn();
    watcher.flush();
    expect(revision(2)).toBe(3);
  });

  it('is ended when more waits than is kept for it (V1)', async () => {
    const { sink, put } = await watching(2);
    for (const slot of ['a', 'b', 'c']) put(slot, 5);
    expect(sink.ended?.name).toBe('OVERLOADED');
  });

  it('that ends leaves nothing behind at a shard without an owner that it waited for', async () => {
    const directory = { owner: () => undefined, all: () => new Map<number, never>(), onChange: () => () => undefined };
    const clock = new ManualClock();
    const nobody = { directory, clock, random: new SeededRandom(1) } as unknown as ShardFeedDeps;
    const feed = new ShardFeed(3, DEFAULT_LIMITS, nobody);
    const deps = { sink: new SlowSink(), nowMs: () => 0, tokens: new TokenWriter(), dirty: () => undefined };
    const watcher = new Watcher({ tenantId: 'acme', lotId: '' }, 1, undefined, undefined, 100, deps);
    const joined = watcher.join(feed);
    expect(feed.inUse).toBe(true);
    watcher.end(undefined);
    await joined;
    expect(feed.inUse).toBe(false);
  });

  it('does not say synced before what waits is sent (V4)', async () => {
    const { sink, watcher, put } = await watching();
    put('a', 2);
    watcher.sync();
    expect(sink.lines).toEqual(['synced']);
    watcher.flush();
    watcher.sync();
    expect(sink.lines).toEqual(['synced', 'a@2', 'synced']);
  });
});
