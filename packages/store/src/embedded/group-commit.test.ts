import { ManualClock } from '@parkade/clock';
import { expect, it } from 'vitest';
import { StoreError } from '../store.js';
import { GroupCommit, type Batch } from './group-commit.js';

/** A disk whose writes end when the test says so. */
class SlowDisk {
  readonly written: string[][] = [];
  readonly #pending: { resolve: () => void; reject: (error: Error) => void }[] = [];

  readonly write = (batch: Batch): Promise<void> => {
    this.written.push([...batch.keys()]);
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  };

  finish(error?: Error): void {
    const write = this.#pending.shift();
    if (error === undefined) write?.resolve();
    else write?.reject(error);
  }
}

function setUp(): { clock: ManualClock; disk: SlowDisk; sealed: number[]; commits: GroupCommit } {
  const clock = new ManualClock();
  const disk = new SlowDisk();
  const sealed: number[] = [];
  const commits = new GroupCommit(clock, disk.write, (batch) => () => void sealed.push(batch.size));
  return { clock, disk, sealed, commits };
}

const record = Buffer.from('record');

it('writes what gathered during a write as one batch after it (G1)', async () => {
  const { clock, disk, commits, sealed } = setUp();
  for (const name of ['a', 'b']) commits.add(Buffer.from(name), record);
  await clock.advance(0);
  for (const name of ['c', 'd', 'c']) commits.add(Buffer.from(name), undefined);
  await clock.advance(0);
  expect(disk.written).toEqual([['a', 'b']]);
  disk.finish();
  await clock.advance(0);
  expect(disk.written).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  disk.finish();
  await clock.advance(0);
  expect(sealed).toEqual([2, 2]);
  expect(commits.settled).toBe(true);
});

it('lets a waiter go only when all that was added before is written (G2)', async () => {
  const { clock, disk, commits } = setUp();
  const order: string[] = [];
  commits.add(Buffer.from('a'), record);
  await clock.advance(0);
  commits.add(Buffer.from('b'), record);
  void commits.settle(5_000, true).then(() => order.push('answered'));
  disk.finish();
  await clock.advance(0);
  expect(order).toEqual([]);
  disk.finish();
  await clock.advance(0);
  expect(order).toEqual(['answered']);
});

it('gives up for a waiter when its time is over, with an unknown outcome for a write', async () => {
  const { clock, commits } = setUp();
  commits.add(Buffer.from('a'), record);
  const errors: StoreError[] = [];
  const keep = (error: unknown): void => {
    if (error instanceof StoreError) errors.push(error);
  };
  commits.settle(5_000, true).catch(keep);
  commits.settle(1_000, false).catch(keep);
  await clock.advance(999);
  expect(errors).toEqual([]);
  await clock.advance(1);
  expect(errors.map((error) => [error.code, error.unknownOutcome])).toEqual([['unavailable', false]]);
  await clock.advance(4_000);
  expect(errors.map((error) => error.unknownOutcome)).toEqual([false, true]);
});

it('writes nothing more after a failed write, and refuses everything (G3)', async () => {
  const { clock, disk, commits, sealed } = setUp();
  commits.add(Buffer.from('a'), record);
  const writer = commits.settle(5_000, true).catch((error: unknown) => error);
  await clock.advance(0);
  commits.add(Buffer.from('b'), record);
  const reader = commits.settle(5_000, false).catch((error: unknown) => error);
  disk.finish(new Error('broken'));
  await clock.advance(0);
  expect(await writer).toMatchObject({ code: 'unavailable', unknownOutcome: true });
  expect(await reader).toMatchObject({ code: 'unavailable', unknownOutcome: false });
  commits.add(Buffer.from('c'), record);
  await clock.advance(10_000);
  expect(disk.written).toEqual([['a']]);
  expect(commits.refusal).toMatchObject({ code: 'unavailable', unknownOutcome: false });
  await expect(commits.settle(1, true)).rejects.toBeInstanceOf(StoreError);
  await commits.drain();
  expect(sealed).toEqual([]);
});
