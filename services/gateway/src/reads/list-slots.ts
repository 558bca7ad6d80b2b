import type { ListSlotsRequest, ListSlotsResponse } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { isGone } from '../commands/place.js';
import type { Deadline } from '../deadline.js';
import type { Cluster } from '../ports.js';
import type { Lots } from '../settings/lots.js';
import { READ_RULES } from '../validation/request-rules.js';
import { validate } from '../validation/validate.js';
import type { OwnedSlots } from './owned-slots.js';
import { readPageToken, writePageToken } from './page-token.js';

const DEFAULT_PAGE_SIZE = 100;

export interface ListSlotsDeps {
  readonly cluster: Cluster;
  readonly lots: Lots;
  readonly owned: OwnedSlots;
}

/** One page of the slots in use. */
export async function listSlots(
  request: ListSlotsRequest,
  deadline: Deadline,
  nowMs: number,
  { cluster, lots, owned }: ListSlotsDeps,
): Promise<ListSlotsResponse | Refused> {
  const invalid = validate(READ_RULES.listSlots, request, nowMs);
  if (invalid !== undefined) return invalid;
  const after = readPageToken(cluster.incarnation, request.pageToken);
  if (after instanceof Refused) return after;
  const { tenantId, lotId, states } = request;
  const scope = await (lotId === '' ? lots.tenant(tenantId, deadline) : lots.lot(tenantId, lotId, deadline));
  if (scope instanceof Refused && !isGone(scope)) return scope;
  const limit = request.pageSize === 0 ? DEFAULT_PAGE_SIZE : request.pageSize;
  const page = await owned.list({ tenantId, lotId, states, limit, after }, deadline);
  // Settings that are gone hide nobody who is parked.
  if (scope instanceof Refused && (page instanceof Refused || page.slots.length === 0)) return scope;
  if (page instanceof Refused) return page;
  const last = page.slots.at(-1);
  const nextPageToken = page.more && last !== undefined ? writePageToken(cluster.incarnation, last) : '';
  return { slots: [...page.slots], nextPageToken };
}
