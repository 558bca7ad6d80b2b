import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PromptFile } from '@parkade/admin';

const ENDINGS = { 'audio/wav': 'wav', 'audio/mpeg': 'mp3' } as const;
const NAME = /^[0-9a-f]{64}\.(wav|mp3)$/;

export interface PromptDirectoryConfig {
  /** Where this process writes. */
  readonly directory: string;
  /** Where the switches find the same; default: there. */
  readonly atSwitch?: string | undefined;
  readonly maxBytes: number;
}

/**
 * The directory of prompt files that the switches read, too; several media processes may share it.
 *
 *   D1. A file in it is whole, and named by the SHA-256 of its bytes: it is written aside and renamed, and never changes.
 *   D2. Its files have `maxBytes` together at most. Those that nobody names any more leave first; one that is named never does, as a
 *       switch opens it anew each time it is played.
 */
export class PromptDirectory {
  /** Name to size, the oldest first. */
  readonly #files = new Map<string, number>();

  private constructor(private readonly config: PromptDirectoryConfig) {}

  /** Reads what is there; makes the directory. Rejects where it cannot be used. */
  static async open(config: PromptDirectoryConfig): Promise<PromptDirectory> {
    const opened = new PromptDirectory(config);
    await mkdir(config.directory, { recursive: true });
    for (const name of (await readdir(config.directory)).filter((each) => NAME.test(each))) {
      opened.#files.set(name, (await stat(join(config.directory, name))).size);
    }
    return opened;
  }

  /** The name of a file here; undefined: its SHA-256 is not known. */
  nameOf({ sha256, content_type: type }: PromptFile): string | undefined {
    return sha256 === undefined ? undefined : `${sha256}.${ENDINGS[type]}`;
  }

  /** Where the switch finds it; undefined: it is not here. */
  path(name: string): string | undefined {
    const { atSwitch, directory } = this.config;
    return this.#files.has(name) ? join(atSwitch ?? directory, name) : undefined;
  }

  /** Rejects where there is no room for it beside what is `named`. */
  async put(name: string, bytes: Uint8Array, named: ReadonlySet<string>): Promise<void> {
    const { directory, maxBytes } = this.config;
    for (const other of [...this.#files.keys()].filter((each) => !named.has(each))) {
      if (this.#bytes() + bytes.byteLength <= maxBytes) break;
      this.#files.delete(other);
      await rm(join(directory, other), { force: true });
    }
    if (this.#bytes() + bytes.byteLength > maxBytes) {
      throw new Error(`prompt files that are named have more than ${maxBytes} bytes together`);
    }
    const part = join(directory, `.${randomUUID()}.part`);
    try {
      await writeFile(part, bytes);
      await rename(part, join(directory, name));
      this.#files.set(name, bytes.byteLength);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  #bytes(): number {
    return [...this.#files.values()].reduce((sum, size) => sum + size, 0);
  }
}
