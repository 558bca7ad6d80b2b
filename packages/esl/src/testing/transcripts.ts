import { readdirSync, readFileSync } from 'node:fs';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

/** A recording of a real FreeSWITCH: what each side sent, and in which order. */
export interface Transcript {
  name: string;
  /** Bytes FreeSWITCH sent. */
  s2c: Buffer;
  /** Bytes the application sent. */
  c2s: Buffer;
  /** The pieces in the order of the recording; `eof` and `reset` are how the connection ended. */
  steps: readonly TranscriptStep[];
}

export type TranscriptStep =
  { side: 'switch' | 'application'; bytes: Buffer } | { side: 'switch' | 'application'; end: 'eof' | 'reset' };

/** Names of all recordings. */
export function transcriptNames(): readonly string[] {
  return readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.s2c'))
    .map((file) => file.slice(0, -'.s2c'.length))
    .sort();
}

/** Reads one recording. Throws when there is none of that name. */
export function readTranscript(name: string): Transcript {
  const s2c = readFileSync(new URL(`${name}.s2c`, FIXTURES));
  const c2s = readFileSync(new URL(`${name}.c2s`, FIXTURES));
  const order = readFileSync(new URL(`${name}.order`, FIXTURES), 'utf8');
  const steps = order
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): TranscriptStep => {
      const [, letter, offset, length, note = ''] = line.split('\t');
      const side = letter === 'S' ? 'switch' : 'application';
      if (Number(length) === 0) return { side, end: note.includes('RST') ? 'reset' : 'eof' };
      const source = letter === 'S' ? s2c : c2s;
      return { side, bytes: source.subarray(Number(offset), Number(offset) + Number(length)) };
    });
  return { name, s2c, c2s, steps };
}
