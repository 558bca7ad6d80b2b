import { isName } from '@parkade/ids';
import type { OwnerHint } from '@parkade/ownership';
import {
  type ListDeadlinesRequest,
  type ListDeadlinesResponse,
  type ListOwnedResponse,
  ParkState,
  Reason,
  type Slot,
} from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Owners } from '../owner/owners.js';
import { invalid } from './checks.js';
import { deadlineView } from './deadline-view.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

export interface ListDeps {
  readonly shardCount: number;
  readonly owners: Pick<Owners, 'to'>;
  readonly allOwners: () => ReadonlyMap<number, OwnerHint>;
  readonly timeoutMs: number;
}

/** The deadlines of a tenant, merged from every owner of slots. An owner that does not answer is told of, not waited for. */
export async function listDeadlines(
  request: ListDeadlinesRequest,
  deps: ListDeps,
): Promise<ListDeadlinesResponse | Refused> {
  const { tenantId, lotId } = request;
  if (!isName(tenantId)) return invalid('tenant_id', 'a name: 1 to 64 printable ASCII characters without blanks');
  if (lotId !== '' && !isName(lotId)) return invalid('lot_id', 'a name, or empty');
  if (request.pageSize > MAX_PAGE) return invalid('page_size', `at most ${MAX_PAGE}`);
  const after = readToken(request.pageToken);
  if (after === undefined) return new Refused(Reason.TOKEN_INVALID, 'The page token is none of this service.');
  const limit = request.pageSize === 0 ? DEFAULT_PAGE : request.pageSize;
  const addresses = new Set([...deps.allOwners().values()].map(({ address }) => address));
  const answers = await Promise.allSettled(
    [...addresses].map((address) =>
      deps.owners.to(address).list(
        {
          tenantId,
          lotId,
          states: [ParkState.PARKED, ParkState.RINGBACK],
          limit,
          afterLotId: after.lotId,
          afterSlot: after.slot,
          call: undefined,
          slot: '',
          timeout: undefined,
        },
        deps.timeoutMs,
      ),
    ),
  );
  const heard = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const slots = merge(heard);
  const page = slots.slice(0, limit);
  const more = slots.length > limit || heard.some((each) => each.more);
  const last = page.at(-1);
  return {
    deadlines: page.flatMap(({ parks }) => parks.filter(hasDeadline).map(deadlineView)),
    nextPageToken: more && last !== undefined ? writeToken(last) : '',
    missingShards: deps.shardCount - shardsHeard(heard, deps.shardCount),
  };
}

/** By lot and slot; of a slot that two owners tell of, the youngest. */
function merge(heard: readonly ListOwnedResponse[]): Slot[] {
  const byKey = new Map<string, Slot>();
  for (const slot of heard.flatMap(({ slots }) => slots)) {
    const key = `${slot.lotId}\0${slot.slot}`;
    if ((byKey.get(key)?.revision ?? 0) <= slot.revision) byKey.set(key, slot);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, slot]) => slot);
}

function hasDeadline({ state, recallAt }: Slot['parks'][number]): boolean {
  return state === ParkState.RINGBACK || (state === ParkState.PARKED && recallAt !== undefined);
}

function shardsHeard(heard: readonly ListOwnedResponse[], shardCount: number): number {
  let count = 0;
  for (let shard = 0; shard < shardCount; shard++) {
    if (heard.some(({ shards }) => (((shards[shard >> 3] ?? 0) >> (shard & 7)) & 1) === 1)) count++;
  }
  return count;
}

function writeToken({ lotId, slot }: Slot): string {
  return Buffer.from(JSON.stringify([lotId, slot]), 'utf8').toString('base64url');
}

function readToken(token: string): { readonly lotId: string; readonly slot: string } | undefined {
  if (token === '') return { lotId: '', slot: '' };
  try {
    const json: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (!Array.isArray(json)) return undefined;
    const [lotId, slot] = json as unknown[];
    return typeof lotId === 'string' && typeof slot === 'string' ? { lotId, slot } : undefined;
  } catch {
    return undefined;
  }
}
