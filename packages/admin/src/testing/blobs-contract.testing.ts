import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Blobs, MAX_PROMPT_FILE_BYTES } from '../index.js';

/** Blobs for a test: two processes that use the same place. */
export interface BlobsSubject {
  readonly one: Blobs;
  readonly other: Blobs;
  close(): Promise<void>;
}

/** What every place for files holds. */
export function blobsContract(name: string, open: () => Promise<BlobsSubject>): void {
  describe(`files of tenants in ${name}`, () => {
    let subject: BlobsSubject;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.close());

    it('are given as they were put, to every process', async () => {
      const bytes = randomBytes(MAX_PROMPT_FILE_BYTES);
      await subject.one.put('a-1', bytes);
      expect(Buffer.compare(Buffer.from((await subject.other.get('a-1')) ?? []), bytes)).toBe(0);
      expect(await subject.other.get('a-2')).toBeUndefined();
    });

    it('are replaced as a whole', async () => {
      await subject.one.put('a', Buffer.from('one'));
      await subject.other.put('a', Buffer.from('another'));
      expect(Buffer.from((await subject.one.get('a')) ?? []).toString()).toBe('another');
    });

    it('are gone when they are deleted, once or twice, or by somebody else', async () => {
      await subject.one.put('a', Buffer.from('one'));
      await subject.other.delete('a');
      await subject.one.delete('a');
      await subject.one.delete('never-there');
      expect(await subject.one.get('a')).toBeUndefined();
      await subject.one.put('a', Buffer.from('again'));
      expect(Buffer.from((await subject.other.get('a')) ?? []).toString()).toBe('again');
    });
  });
}
