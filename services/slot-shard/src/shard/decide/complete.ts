import { newParkId, partOf } from '@parkade/ids';
import {
  type CallRef,
  type Command,
  type EndedPark,
  MediaControl,
  type ParkRecord,
  Reason,
  Selection,
  type Target,
  TransitionKind,
} from '@parkade/proto';
import type { TenantView } from '@parkade/settings';
import type { Operation } from '../operation.js';
import { place, type PlaceContext, placeNextFree } from '../place.js';
import type { SlotEntry } from '../slot-table.js';
import { arriveAt, elsewhere, placeContext } from './arrive.js';
import {
  type DecideContext,
  type Decision,
  findPark,
  missing,
  partFull,
  refuse,
  run,
  tenantNotFound,
} from './decision.js';

type Completion = Extract<Operation, { $case: 'completeReservation' }>['value'];

/**
 * A completion whose reservation ended parks in the next free slot of the lot (of another part, where its own is full), with what was reserved for it (parker, note, policy,
 * flow, who moves the media): the caller is never dropped.
 */
export function complete(
  request: Completion,
  command: Command,
  tenant: TenantView | undefined,
  ctx: DecideContext,
): Decision {
  if (request.call === undefined) return missing('call');
  const { requestId, parkId, call } = request;
  if (command.lotId !== '') return completeLed(request, call, command, tenant, ctx);
  const found = findPark(parkId, request.tenantId, ctx);
  if (found.kind === 'answer') return found;
  if (found.entry.writing || found.entry.held) return { kind: 'wait', entry: found.entry };
  const parked = ctx.table.byCall(request.tenantId, call);
  if (parked !== undefined && parked !== found.entry) return elsewhere(parked, request);
  const swapped = run(found.entry, { kind: 'complete', requestId, parkId, call }, ctx);
  if (swapped.kind !== 'answer' || swapped.answer.result?.$case !== 'refusal') return swapped;
  if (swapped.answer.result.value.reason !== Reason.PARK_ENDED || found.alive) return swapped;
  // One that was completed and has ended since: its caller was fetched, or has left, and must not be put anywhere again.
  if (endOf(found.entry, parkId)?.how !== TransitionKind.RESERVATION_ENDED) return swapped;
  if (tenant === undefined) return tenantNotFound(request.tenantId);
  const nextId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const placing = placeContext(command, tenant, nextId, ctx);
  const { lotId, slot } = found.entry.name;
  const next = placeNextFree(found.entry.name, placing);
  // Whoever asks knows neither from the park's id.
  if (next.kind === 'part-full') return partFull(next, { lotId, part: partOf(slot, tenant.lot(lotId)?.spread ?? 1) });
  if (next.kind === 'refuse') return refuse(next.refusal);
  const at = { lotId: next.lot.lot_id, slot: next.slot, parkId: nextId };
  return parkReserved(request, call, at, reservation(found.entry, parkId), placing, ctx);
}

const ANY_SLOT: Target = {
  kind: { $case: 'lot', value: { lotId: '', selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } },
};

/** A completion that was led on to another part of its lot, to another lot, or to the holding lot: with what was reserved for it. */
function completeLed(
  request: Completion,
  call: CallRef,
  command: Command,
  tenant: TenantView | undefined,
  ctx: DecideContext,
): Decision {
  if (tenant === undefined) return tenantNotFound(request.tenantId);
  const parkId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const placing = placeContext(command, tenant, parkId, ctx);
  const at = place(ANY_SLOT, placing);
  if (at.kind === 'part-full') return partFull(at);
  if (at.kind === 'refuse') return refuse(at.refusal);
  const to = { lotId: at.lot.lot_id, slot: at.slot, parkId };
  return parkReserved(request, call, to, command.reserved ?? {}, placing, ctx);
}

/** Parks a caller with what his reservation has left for him. */
function parkReserved(
  { requestId, tenantId }: Completion,
  call: CallRef,
  at: { readonly lotId: string; readonly slot: string; readonly parkId: string },
  { parker, note = '', mediaControl = MediaControl.UNSPECIFIED, policy, branch }: Partial<ParkRecord>,
  placing: PlaceContext,
  ctx: DecideContext,
): Decision {
  const arrival = { requestId, tenantId, target: undefined, call, parker, note, mediaControl, overrides: undefined };
  const parked = ctx.table.byCall(tenantId, call);
  const terms = policy === undefined ? undefined : { policy, branch };
  return arriveAt('park', arrival, at.lotId, at.slot, at.parkId, parked, placing, ctx, terms);
}

/** What a reservation that ended has left for its caller; nothing where another one ended since. */
function reservation(entry: SlotEntry, parkId: string): Partial<ParkRecord> {
  return endOf(entry, parkId)?.reserved ?? {};
}

function endOf({ record }: SlotEntry, parkId: string): EndedPark | undefined {
  return record?.ended.find((end) => end.parkId === parkId);
}

/** The same by its park id; undefined: this shard knows none. */
export function reservationOf(parkId: string, tenantId: string, ctx: DecideContext): Partial<ParkRecord> | undefined {
  const found = findPark(parkId, tenantId, ctx);
  return found.kind === 'answer' ? undefined : reservation(found.entry, parkId);
}
