import type { Clock, Random } from '@parkade/clock';
import { isName, newRequestId, parkIdShard, requestIdTimeMs } from '@parkade/ids';
import { type Duration, Reason } from '@parkade/proto';
import { durationMs, Refused } from '@parkade/rpc';

/** How far a request id may lie in the future, in ms: clocks differ. */
const MAX_AHEAD_MS = 60_000;

/** From 1 s to 30 days, or 0 for never, as `ExtendPark` has it. */
const MIN_RECALL_MS = 1_000;
const MAX_RECALL_MS = 30 * 24 * 60 * 60 * 1000;

/** A park that a request names. */
export interface NamedPark {
  readonly requestId: string;
  readonly tenantId: string;
  readonly parkId: string;
  readonly shard: number;
}

/** Checks what every request about a park carries; an absent request id is made here. */
export function checkNamed(
  request: { readonly requestId: string; readonly tenantId: string; readonly parkId: string },
  shardCount: number,
  clock: Clock,
  random: Random,
): NamedPark | Refused {
  const { tenantId, parkId } = request;
  if (!isName(tenantId)) return invalid('tenant_id', 'a name: 1 to 64 printable ASCII characters without blanks');
  const nowMs = clock.nowMs();
  const requestId = request.requestId === '' ? newRequestId(nowMs, random) : request.requestId;
  const madeMs = requestIdTimeMs(requestId);
  if (madeMs === undefined || madeMs > nowMs + MAX_AHEAD_MS) {
    return new Refused(Reason.REQUEST_ID_INVALID, 'The request id is not a UUIDv7, or lies in the future.');
  }
  const shard = parkIdShard(parkId);
  if (shard === undefined || shard >= shardCount) {
    return new Refused(Reason.PARK_NOT_FOUND, 'There is no park with this id.', { park_id: parkId });
  }
  return { requestId, tenantId, parkId, shard };
}

/** A time until a call comes back, in ms, 0 for never. */
export function checkRecallIn(duration: Duration): number | Refused {
  const ms = durationMs(duration);
  const valid = ms === 0 || (ms >= MIN_RECALL_MS && ms <= MAX_RECALL_MS);
  return valid && duration.nanos >= 0 ? ms : invalid('recall_in', '0 for never, or 1 s to 30 days');
}

export function invalid(field: string, must: string): Refused {
  return new Refused(Reason.INVALID_FIELD, `${field} must be ${must}.`, { field });
}
