import { type CallKey, type GetParkRequest, type GetParkResponse, type Park, Reason, type Slot } from '@parkade/proto';
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
  if (request.by?.$case === 'call') return byCall(request.tenantId, request.by.value, deadline, deps.owned);
  const place = deps.places.park(request.by?.value ?? '');
  if (place instanceof Refused) return place;
  const answer = await deps.delivery.deliver(
    {
      shard: place.shard,
      settingsRevision: deps.settings.revision,
      fingerprint: 0,
      part: 0,
      lotId: '',
      op: { $case: 'getPark', value: request },
    },
    deadline,
  );
  if (answer instanceof Refused) return answer;
  const result = answer.result();
  if (result?.$case === 'park') return { park: result.value, fenced: answer.fenced };
  throw new Error(`the owner answered getPark with ${answer.kind ?? 'nothing'}`);
}

async function byCall(
  tenantId: string,
  call: CallKey,
  deadline: Deadline,
  owned: OwnedSlots,
): Promise<GetParkResponse | Refused> {
  const find = (slots: readonly Slot[]): Park | undefined =>
    slots.flatMap(({ parks }) => parks).find((park) => isCall(park, call));
  const query = { tenantId, lotId: '', states: [], limit: 1, after: { lotId: '', slot: '' }, call };
  const page = await owned.list(query, deadline, (slots) => find(slots) !== undefined);
  if (page instanceof Refused) return page;
  const park = find(page.slots);
  if (park !== undefined) return { park, fenced: false };
  return new Refused(Reason.PARK_NOT_FOUND, 'This call is not parked.', { call_id: call.callId });
}

function isCall({ call }: Park, { mediaNode, callId }: CallKey): boolean {
  if (call === undefined || (mediaNode !== '' && call.mediaNode !== mediaNode)) return false;
  return call.callId === callId || call.sipCallId === callId;
}
