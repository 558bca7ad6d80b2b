import {
  type CallKey,
  Consistency,
  type GetParkRequest,
  type GetParkResponse,
  type Park,
  Reason,
  type Slot,
} from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Places } from '../commands/place.js';
import type { Deadline } from '../deadline.js';
import type { Settings } from '../ports.js';
import type { Delivery } from '../routing/delivery.js';
import { READ_RULES } from '../validation/request-rules.js';
import { validate } from '../validation/validate.js';
import type { OwnedSlots } from './owned-slots.js';

export interface GetParkDeps {
  readonly settings: Settings;
  readonly places: Places;
  readonly delivery: Delivery;
  readonly owned: OwnedSlots;
}

/** One park, by its id from its owner, or by its call from whichever owner has it. */
export async function getPark(
  request: GetParkRequest,
  deadline: Deadline,
  nowMs: number,
  deps: GetParkDeps,
): Promise<GetParkResponse | Refused> {
  const invalid = validate(READ_RULES.getPark, request, nowMs);
  if (invalid !== undefined) return invalid;
  if (request.by?.$case === 'call') return byCall(request, request.by.value, deadline, deps);
  return byId(request, request.by?.value ?? '', deadline, deps);
}

async function byId(
  { tenantId, consistency }: GetParkRequest,
  parkId: string,
  deadline: Deadline,
  { places, delivery, settings }: GetParkDeps,
): Promise<GetParkResponse | Refused> {
  const place = places.park(parkId);
  if (place instanceof Refused) return place;
  const value: GetParkRequest = { tenantId, by: { $case: 'parkId', value: parkId }, consistency };
  const { shard } = place;
  const op = { $case: 'getPark', value } as const;
  const envelope = { shard, settingsRevision: settings.revision, fingerprint: 0, part: 0, lotId: '', op };
  const answer = await delivery.deliver(envelope, deadline);
  if (answer instanceof Refused) return answer;
  const result = answer.result();
  if (result?.$case === 'park') return { park: result.value, fenced: answer.fenced };
  throw new Error(`the owner answered getPark with ${answer.kind ?? 'nothing'}`);
}

/** How often a call is searched that was moved, or fetched and parked anew, between the search and the proof. */
const MAX_SEARCHES = 3;

/** What the owners say is proved by the one that has it, where that is asked for; that none has it cannot be proved, and says so. */
async function byCall(
  request: GetParkRequest,
  call: CallKey,
  deadline: Deadline,
  deps: GetParkDeps,
): Promise<GetParkResponse | Refused> {
  const find = (slots: readonly Slot[]): Park | undefined =>
    slots.flatMap(({ parks }) => parks).find((park) => isCall(park, call));
  const { tenantId, consistency } = request;
  const query = { tenantId, lotId: '', states: [], limit: 1, after: { lotId: '', slot: '' }, call };
  for (let search = 0; search < MAX_SEARCHES; search++) {
    const page = await deps.owned.list(query, deadline, (slots) => find(slots) !== undefined);
    if (page instanceof Refused) return page;
    const park = find(page.slots);
    if (park === undefined) break;
    if (consistency === Consistency.UNFENCED) return { park, fenced: false };
    const proved = await byId(request, park.parkId, deadline, deps);
    if (proved instanceof Refused ? !LEFT.has(proved.reason) : proved.park !== undefined && isCall(proved.park, call)) {
      return proved;
    }
  }
  return new Refused(Reason.PARK_NOT_FOUND, 'This call is not parked.', { call_id: call.callId, fenced: 'false' });
}

/** The park that was found is not there any more. */
const LEFT: ReadonlySet<Reason> = new Set([Reason.PARK_ENDED, Reason.PARK_NOT_FOUND]);

function isCall({ call }: Park, { mediaNode, callId }: CallKey): boolean {
  if (call === undefined || (mediaNode !== '' && call.mediaNode !== mediaNode)) return false;
  return call.callId === callId || call.sipCallId === callId;
}
