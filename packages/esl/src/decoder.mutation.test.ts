import { SeededRandom } from '@parkade/clock';
import { expect, test } from 'vitest';
import { EslDecoder } from './decoder.js';
import { readTranscript, transcriptNames } from './testing/transcripts.js';

const SEED = Number(process.env['ESL_MUTATION_SEED'] ?? 20_261_122);
const RUNS = 10_000;
const LIMITS = { maxHeaderBytes: 16 * 1024, maxBodyBytes: 64 * 1024 };
/** One frame at its bounds and one piece of input, in a block that doubles. */
const HELD_BYTES = 2 * (LIMITS.maxBodyBytes + 64 * 1024);
const TOKENS = [
  '\n',
  '\n\n',
  ': ',
  '%',
  '%F',
  '\0',
  '{',
  '"',
  'Content-Length: 9999999\n',
  'Content-Length: 7\n',
  'a'.repeat(17_000),
];

function mutate(random: SeededRandom, bytes: Buffer): Buffer {
  const below = (limit: number): number => Math.floor(random.next() * limit);
  let result = Buffer.from(bytes);
  for (let changes = 1 + below(8); changes > 0; changes--) {
    // Half of the changes hit a frame's header block, which is small beside the bodies.
    const header = random.next() < 0.5 ? result.indexOf('Content-Type: ', below(result.length + 1)) : -1;
    const at = header >= 0 ? header : below(result.length + 1);
    const until = Math.min(result.length, at + below(200));
    const token = Buffer.from(TOKENS[below(TOKENS.length)] ?? '');
    switch (below(6)) {
      case 0: // another byte
        if (at < result.length) result[at] = below(256);
        break;
      case 1: // bytes lost
        result = Buffer.concat([result.subarray(0, at), result.subarray(until)]);
        break;
      case 2: // bytes twice
        result = Buffer.concat([result.subarray(0, until), result.subarray(at)]);
        break;
      case 3: // cut short
        result = result.subarray(0, at);
        break;
      case 4: // noise
        result = Buffer.concat([result.subarray(0, at), random.bytes(below(64)), result.subarray(at)]);
        break;
      default: // a token of the protocol in a wrong place
        result = Buffer.concat([result.subarray(0, at), token, result.subarray(at)]);
    }
  }
  return result;
}

test(`${RUNS} mutated recordings neither throw nor grow the decoder (seed ${SEED})`, () => {
  const sources = transcriptNames().map((name) => readTranscript(name).s2c.subarray(0, 24 * 1024));
  const random = new SeededRandom(SEED);
  const seen = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    const bytes = mutate(random, sources[run % sources.length] ?? Buffer.alloc(0));
    const decoder = new EslDecoder(LIMITS);
    const step = 1 + Math.floor(random.next() * 8_192);
    try {
      for (let at = 0; at < bytes.length; at += step) {
        const { frames, error } = decoder.push(bytes.subarray(at, at + step));
        for (const frame of frames) if (frame.kind === 'unreadable') tally(seen, frame.reason);
        if (decoder.heldBytes > HELD_BYTES) throw new Error(`holds ${decoder.heldBytes} bytes`);
        if (error !== undefined) {
          tally(seen, error.reason);
          break;
        }
      }
    } catch (error) {
      throw new Error(`run ${run} of ESL_MUTATION_SEED=${SEED}`, { cause: error });
    }
  }
  // The mutations reach every way a stream can go wrong, or the test shows little.
  expect([...seen.keys()].sort()).toEqual([
    'bad-content-length',
    'bad-json',
    'bad-nested-length',
    'body-too-long',
    'header-too-long',
    'no-content-type',
  ]);
});

function tally(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
