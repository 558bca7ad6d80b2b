import type { ListParkHistoryRequest, ListParkHistoryResponse } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Deadline } from '../deadline.js';
import type { Lots } from '../settings/lots.js';
import type { RecordReads } from './record-reads.js';
import { historyQuery, wireLife } from './wire.js';

/** One page of a tenant's parks of the past. */
export async function parkHistory(
  request: ListParkHistoryRequest,
  deadline: Deadline,
  { lots, records }: { readonly lots: Lots; readonly records: RecordReads },
): Promise<ListParkHistoryResponse | Refused> {
  const missing = await lots.tenant(request.tenantId, deadline);
  if (missing !== undefined) return missing;
  const page = await records.history(historyQuery(request));
  if (page instanceof Refused) return page;
  return { parks: page.items.map(wireLife), nextPageToken: page.nextPageToken };
}
