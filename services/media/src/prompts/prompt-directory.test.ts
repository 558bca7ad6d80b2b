import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@parkade/admin';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PromptDirectory } from './prompt-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parkade-prompts-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const nameOf = (bytes: Buffer): string => `${sha256(bytes)}.wav`;
const [a, b, c] = ['a', 'b', 'c'].map((letter) => Buffer.from(letter.repeat(10))) as [Buffer, Buffer, Buffer];

test('a file is found where the switch sees it, also by the next process (D1)', async () => {
  const first = await PromptDirectory.open({ directory, maxBytes: 100 });
  expect(first.path(nameOf(a))).toBeUndefined();
  await first.put(nameOf(a), a, new Set([nameOf(a)]));
  expect(first.path(nameOf(a))).toBe(join(directory, nameOf(a)));
  const next = await PromptDirectory.open({ directory, atSwitch: '/sounds', maxBytes: 100 });
  expect(next.path(nameOf(a))).toBe(`/sounds/${nameOf(a)}`);
  expect(await readdir(directory)).toEqual([nameOf(a)]);
});

test('what nobody names makes room, and what is named stays (D2)', async () => {
  const opened = await PromptDirectory.open({ directory, maxBytes: 25 });
  for (const bytes of [a, b]) await opened.put(nameOf(bytes), bytes, new Set([nameOf(a), nameOf(b)]));
  await expect(opened.put(nameOf(c), c, new Set([a, b, c].map(nameOf)))).rejects.toThrow('more than 25 bytes');
  expect((await readdir(directory)).sort()).toEqual([nameOf(a), nameOf(b)].sort());
  await opened.put(nameOf(c), c, new Set([nameOf(b), nameOf(c)]));
  expect((await readdir(directory)).sort()).toEqual([nameOf(b), nameOf(c)].sort());
  expect(opened.path(nameOf(a))).toBeUndefined();
});
