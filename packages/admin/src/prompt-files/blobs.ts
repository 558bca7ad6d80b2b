import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the bytes of files are kept, by name: letters, digits and dashes. Rejects where it cannot be reached. */
export interface Blobs {
  /** Replaces what there is, as a whole. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined: there is nothing of this name. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Nothing there is not an error. */
  delete(name: string): Promise<void>;
}

/** In a directory: of one host, or a volume that all gateways share. */
export class DirectoryBlobs implements Blobs {
  constructor(private readonly directory: string) {}

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    // Whoever reads meanwhile reads all of the one or all of the other.
    const part = join(this.directory, `.${randomUUID()}.part`);
    try {
      await writeFile(part, bytes);
      await rename(part, join(this.directory, name));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.directory, name));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async delete(name: string): Promise<void> {
    await rm(join(this.directory, name), { force: true });
  }
}

/** In memory, for tests. */
export class MemoryBlobs implements Blobs {
  readonly kept = new Map<string, Uint8Array>();

  put(name: string, bytes: Uint8Array): Promise<void> {
    this.kept.set(name, bytes);
    return Promise.resolve();
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.kept.get(name));
  }

  delete(name: string): Promise<void> {
    this.kept.delete(name);
    return Promise.resolve();
  }
}
