import type { Clock } from '@parkade/clock';
import { EslDecoder } from './decoder.js';

/** What a decoder got through. */
export interface Throughput {
  bytes: number;
  events: number;
  seconds: number;
  /** Megabytes (10^6 bytes) of stream a second, on one core. */
  megabytesPerSecond: number;
}

/**
 * Decodes `stream` again and again until `bytes` have passed, in chunks of `chunkBytes` as a socket would deliver them.
 * Throws when the stream does not decode: a figure for a broken stream means nothing.
 */
export function measureDecoder(clock: Clock, stream: Buffer, bytes: number, chunkBytes = 64 * 1024): Throughput {
  const decoder = new EslDecoder();
  let passed = 0;
  let events = 0;
  const startMs = clock.monotonicMs();
  while (passed < bytes) {
    for (let at = 0; at < stream.length; at += chunkBytes) {
      const { frames, error } = decoder.push(stream.subarray(at, at + chunkBytes));
      if (error !== undefined) throw new Error(`the stream does not decode: ${error.reason}`);
      for (const frame of frames) if (frame.kind === 'event' && frame.event.name !== '') events++;
    }
    passed += stream.length;
  }
  const seconds = (clock.monotonicMs() - startMs) / 1_000;
  return { bytes: passed, events, seconds, megabytesPerSecond: passed / 1e6 / seconds };
}
