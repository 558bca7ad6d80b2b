import { describe, expect, it } from 'vitest';
import { record } from '../testing/samples.testing.js';
import { ShardImage } from './shard-image.js';

const all = { tenantId: 'acme', lotId: '' };

function slots(image: ShardImage, after = 0): readonly string[] {
  return [...image.entries(all, after, true)].map(
    ({ name, revision, free }) => `${name.slot}@${revision}${free ? ' free' : ''}`,
  );
}

function synced(image: ShardImage, revision: number, ...taken: readonly [slot: string, revision: number][]): void {
  image.reset();
  for (const [slot, at] of taken) image.follow({ record: record('default', slot, 'c'), revision: at }, 0);
  image.synced(revision, 0);
}

describe('the image of a shard', () => {
  it('never takes an older or equal revision of a slot (I1)', () => {
    const image = new ShardImage(10, 1_000);
    synced(image, 5, ['a', 5]);
    expect(image.follow({ record: record('default', 'a'), revision: 5 }, 0)).toBeUndefined();
    expect(image.follow({ record: record('default', 'a'), revision: 4 }, 0)).toBeUndefined();
    expect(slots(image)).toEqual(['a@5']);
  });

  it('frees what a later snapshot does not show, and stays complete (I2)', () => {
    const image = new ShardImage(10, 1_000);
    synced(image, 5, ['a', 4], ['b', 5]);
    synced(image, 9, ['b', 5]);
    expect(slots(image, 5)).toEqual(['a@9 free']);
    expect(image.completeSince).toBe(5);
  });

  it('frees nothing when a snapshot breaks off', () => {
    const image = new ShardImage(10, 1_000);
    synced(image, 5, ['a', 4]);
    image.reset();
    image.interrupted();
    expect(image.synced(9, 0)).toEqual([]);
    expect(slots(image)).toEqual(['a@4']);
  });

  it('forgets freed slots after the horizon, and knows that it did (I2)', () => {
    const image = new ShardImage(10, 1_000);
    synced(image, 5, ['a', 4]);
    image.follow({ record: record('default', 'a'), revision: 6 }, 100);
    image.prune(1_000);
    expect(slots(image)).toEqual(['a@6 free']);
    image.prune(1_100);
    expect(slots(image)).toEqual([]);
    expect(image.completeSince).toBe(6);
  });

  it('forgets the oldest freed slots when there are too many (I2)', () => {
    const image = new ShardImage(2, 1_000_000);
    synced(image, 5);
    for (let i = 0; i < 5; i++) image.follow({ record: record('default', `s${i}`), revision: 10 + i }, 0);
    expect(slots(image)).toEqual(['s3@13 free', 's4@14 free']);
    expect(image.completeSince).toBe(12);
  });

  it('keeps a slot that is taken again', () => {
    const image = new ShardImage(10, 1_000);
    synced(image, 5);
    image.follow({ record: record('default', 'a'), revision: 6 }, 0);
    image.follow({ record: record('default', 'a', 'c'), revision: 7 }, 0);
    image.prune(5_000);
    expect(slots(image)).toEqual(['a@7']);
    expect(image.completeSince).toBe(5);
  });
});
