import type { StreamSpec } from '@parkade/bus';
import { ALL_EVENTS, ALL_PRESENCE } from './subjects.js';

const MINUTE_MS = 60_000;
const GIB = 1024 * 1024 * 1024;

/**
 * What happened, for a day or 1 GiB. Ids are remembered for ten minutes, longer than a shard is without an owner: what a new
 * owner publishes again within them is stored once. What is published again later comes twice, with the same id.
 */
export const EVENT_STREAM: StreamSpec = {
  name: 'PARKADE_EVENTS',
  subjects: [ALL_EVENTS],
  kind: 'log',
  maxAgeMs: 24 * 60 * MINUTE_MS,
  maxBytes: GIB,
  duplicateWindowMs: 10 * MINUTE_MS,
};

/** The last state of every lamp, for as long as there is room: a lamp does not go out because nothing changes. */
export const PRESENCE_STREAM: StreamSpec = {
  name: 'PARKADE_PRESENCE',
  subjects: [ALL_PRESENCE],
  kind: 'last-value',
  maxAgeMs: 0,
  maxBytes: GIB,
  duplicateWindowMs: 2 * MINUTE_MS,
};

/** All streams the product publishes to. */
export const STREAMS: readonly StreamSpec[] = [EVENT_STREAM, PRESENCE_STREAM];
