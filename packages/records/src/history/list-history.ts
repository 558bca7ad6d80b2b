import type { Bus } from '@parkade/bus';
import type { Refused } from '@parkade/rpc';
import { jsonOf, type RecordPage, recordPage } from '../pages.js';
import { historyPattern } from '../subjects.js';
import type { ParkLife } from './life.js';

export interface HistoryQuery {
  readonly tenantId: string;
  /** Each empty: any. */
  readonly callId: string;
  readonly callerNumber: string;
  readonly parkId: string;
  readonly lotId: string;
  /** Parks that began in [from, to), wall ms; `toMs` 0: until now. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Lives of parks, the longest unchanged first; see `recordPage`. Every gateway of a cluster answers the same. */
export function listHistory(bus: Bus, query: HistoryQuery): Promise<RecordPage<ParkLife> | Refused> {
  const { tenantId, fromMs, toMs, lotId, pageSize, pageToken } = query;
  const given = (text: string): string | undefined => (text === '' ? undefined : text);
  const pattern = historyPattern(tenantId, {
    callerNumber: given(query.callerNumber),
    callId: given(query.callId),
    parkId: given(query.parkId),
  });
  // A park that began at a time was last changed no earlier.
  return recordPage(bus, { pattern, sinceMs: fromMs, pageSize, pageToken }, (payload) => {
    const life = jsonOf(payload) as ParkLife | undefined;
    if (life === undefined || life.tenant !== tenantId || life.parked_at_ms < fromMs) return undefined;
    if (toMs > 0 && life.parked_at_ms >= toMs) return undefined;
    return lotId === '' || life.lot === lotId ? life : undefined;
  });
}
