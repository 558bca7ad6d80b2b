import type { StreamSpec } from '@parkade/bus';
import type { RecordsSettings } from '@parkade/settings';
import { ALL_AUDIT, ALL_DEAD_LETTERS, ALL_HISTORY, ALL_PLACES, ALL_QUEUES } from './subjects.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MIB = 1024 * 1024;

/**
 * What the records are kept in. History, audit, dead letters and places keep one message a subject, so that what is recorded twice
 * stands once; their bounds are settings. What waits for an endpoint waits for a day.
 */
export function recordStreams(settings: RecordsSettings, adjustBounds: boolean): readonly StreamSpec[] {
  const { history_days, history_max_bytes, audit_days, audit_max_bytes } = settings;
  const last = { kind: 'last-value', duplicateWindowMs: 2 * MINUTE_MS, adjustBounds } as const;
  return [
    {
      ...last,
      name: 'PARKADE_HISTORY',
      subjects: [ALL_HISTORY],
      maxAgeMs: history_days * DAY_MS,
      maxBytes: history_max_bytes,
    },
    {
      ...last,
      name: 'PARKADE_AUDIT',
      subjects: [ALL_AUDIT],
      maxAgeMs: audit_days * DAY_MS,
      maxBytes: audit_max_bytes,
    },
    {
      name: 'PARKADE_WEBHOOKS',
      subjects: [ALL_QUEUES],
      kind: 'log',
      maxAgeMs: DAY_MS,
      maxBytes: 1024 * MIB,
      duplicateWindowMs: 10 * MINUTE_MS,
    },
    {
      ...last,
      name: 'PARKADE_DEAD_LETTERS',
      subjects: [ALL_DEAD_LETTERS],
      maxAgeMs: 7 * DAY_MS,
      maxBytes: 256 * MIB,
    },
    { ...last, name: 'PARKADE_PLACES', subjects: [...ALL_PLACES], maxAgeMs: 0, maxBytes: 64 * MIB },
  ];
}
