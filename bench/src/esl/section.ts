import { EslDecoder } from '@parkade/esl';
import { readTranscript, transcriptNames } from '@parkade/esl/testing';
import { median, spread } from '../measure/spread.js';
import { atLeast, type Figure } from '../result.js';

type Format = 'json' | 'plain';

/** Bytes of a round, and how many rounds there are after the one that warms up. */
const ROUND_BYTES = 30e6;
const ROUNDS = 5;
/** As a socket delivers them under load. */
const CHUNK_BYTES = 64 * 1024;
const MB = 1e6;

/** What a core decodes of the recorded event streams of a real switch: `npm run bench -- esl`. */
export function eslSection(): Promise<readonly Figure[]> {
  return Promise.resolve([figure('esl_decode_mb_per_s', 'json'), figure('esl_decode_plain_mb_per_s', 'plain')]);
}

function figure(id: string, format: Format): Figure {
  const streams = recordings(format);
  decode(streams);
  const rates = Array.from({ length: ROUNDS }, () => decode(streams));
  const size = streams.reduce((sum, { length }) => sum + length, 0) / MB;
  return atLeast(id, median(rates), 50, 'MB/s', {
    spread: spread(rates),
    baseline: `${streams.length} recordings with ${format} events, ${size.toFixed(1)} MB, again and again`,
  });
}

/** What the switch sent, of every recording that has events of this format and no other. */
function recordings(format: Format): readonly Buffer[] {
  const other = format === 'json' ? 'plain' : 'json';
  const streams = transcriptNames().map((name) => readTranscript(name).s2c);
  return streams.filter((stream) => stream.includes(`text/event-${format}`) && !stream.includes(`text/event-${other}`));
}

/** Megabytes a second of CPU time, collections included, so that what else the machine does counts for nothing. */
function decode(streams: readonly Buffer[]): number {
  let passed = 0;
  let events = 0;
  const before = process.cpuUsage();
  while (passed < ROUND_BYTES) {
    for (const stream of streams) {
      const decoder = new EslDecoder();
      for (let at = 0; at < stream.length; at += CHUNK_BYTES) {
        // What a decoder cannot read it says; some recordings end in the middle of a frame, which is no error.
        const { frames, error } = decoder.push(stream.subarray(at, at + CHUNK_BYTES));
        if (error !== undefined) throw new Error(`a recording does not decode: ${error.reason}`);
        for (const frame of frames) if (frame.kind === 'event' && frame.event.name !== '') events++;
      }
      passed += stream.length;
    }
  }
  if (events === 0) throw new Error('no recording has events');
  const { user, system } = process.cpuUsage(before);
  return passed / (user + system);
}
