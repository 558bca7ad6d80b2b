// Decoder throughput over the recordings. Run: npx vitest bench --run --project unit packages/esl/src
import { SystemClock } from '@parkade/clock';
import { bench, describe } from 'vitest';
import { readTranscript } from './testing/transcripts.js';
import { measureDecoder } from './throughput.js';

const MEGABYTE = 1_000_000;
const clock = new SystemClock();

describe('decode 1 MB (hz = MB/s)', () => {
  for (const [title, name] of [
    ['JSON events', '10-bridge-two-parked'],
    ['plain events', '05-event-plain-all'],
  ] as const) {
    const { s2c } = readTranscript(name);
    for (const chunkBytes of [64 * 1024, 1_448]) {
      bench(`${title}, chunks of ${chunkBytes} bytes`, () => void measureDecoder(clock, s2c, MEGABYTE, chunkBytes));
    }
  }
});
