import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { blobsContract } from '../testing/blobs-contract.testing.js';
import { DirectoryBlobs, MemoryBlobs } from './blobs.js';

blobsContract('memory', () => {
  const blobs = new MemoryBlobs();
  return Promise.resolve({ one: blobs, other: blobs, close: () => Promise.resolve() });
});

blobsContract('a directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'parkade-blobs-'));
  const open = (): DirectoryBlobs => new DirectoryBlobs(join(directory, 'new'));
  return { one: open(), other: open(), close: () => rm(directory, { recursive: true, force: true }) };
});

it('a directory holds nothing but the files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'parkade-blobs-'));
  try {
    await new DirectoryBlobs(directory).put('a', Buffer.from('a'));
    expect(await readdir(directory)).toEqual(['a']);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
