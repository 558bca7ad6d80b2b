import { describe, expect, it } from 'vitest';
import { type Claim, type Commit, epochFaults } from './epochs.js';

const claim = (revision: number, owned = true, shard = 7): Claim => ({ shard, revision, owned });
const commit = (revision: number, epoch: number, shard = 7): Commit => ({ shard, revision, epoch });

/** Owned from 3, lost at 8, claimed again at 10; another shard beside it. */
const CLAIMS = [claim(3), claim(5, true, 8), claim(8, false), claim(10)];
const COMMITS = [commit(4, 3), commit(6, 5, 8), commit(7, 3), commit(11, 10), commit(12, 5, 8)];

describe('the history of owners and commits', () => {
  it('is good where every commit is under the epoch that stood', () => {
    expect(epochFaults(CLAIMS, COMMITS)).toEqual([]);
  });

  const bad: readonly (readonly [string, Commit, RegExp])[] = [
    ['a deposed owner commits after a newer claim', commit(13, 3), /13 is under epoch 3, where 10 stood/],
    ['an owner commits when its claim has ended', commit(9, 3), /9 is under epoch 3, where none stood/],
    ['a commit is under an epoch that is yet to come', commit(9, 10), /where none stood/],
    ['somebody commits who never claimed', commit(20, 4, 9), /shard 9: .*where none stood/],
  ];
  it.each(bad)('is bad where %s', (_, added, sentence) => {
    const commits = [...COMMITS, added].sort((a, b) => a.revision - b.revision);
    expect(epochFaults(CLAIMS, commits).join('\n')).toMatch(sentence);
  });

  it('is bad where epochs fall from commit to commit', () => {
    expect(epochFaults(CLAIMS, [...COMMITS, commit(13, 3)]).join('\n')).toMatch(
      /13 is under epoch 3, after one under 10/,
    );
  });
});
