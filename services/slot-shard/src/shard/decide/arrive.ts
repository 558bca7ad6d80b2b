import { HOLDING_LOT, newParkId } from '@parkade/ids';
import {
  type Command,
  type CommandAnswer,
  type FlowBranch,
  MediaControl,
  OnOccupied,
  type ParkRequest,
  type Policy,
  Reason,
  type ReserveRequest,
} from '@parkade/proto';
import { type GroupSettings, type TenantView, withLampOf } from '@parkade/settings';
import type { SlotCommand } from '../../machine/index.js';
import { onOccupied, place, type PlaceContext, placeNextFree, policyFor } from '../place.js';
import type { SlotEntry } from '../slot-table.js';
import { type DecideContext, type Decision, missing, partFull, refuse, run } from './decision.js';

export function arrive(
  kind: 'park' | 'reserve',
  request: ParkRequest | ReserveRequest,
  command: Command,
  tenant: TenantView,
  ctx: DecideContext,
): Decision {
  const parkId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const { maxSlotNumber } = request.flow ?? {};
  const placing = { ...placeContext(command, tenant, parkId, ctx), maxSlotNumber };
  const parked = request.call === undefined ? undefined : ctx.table.byCall(request.tenantId, request.call);
  const at = place(request.target, placing);
  if (at.kind === 'part-full') return partFull(at);
  if (at.kind === 'refuse') return refuse(at.refusal);
  const first = arriveAt(kind, request, at.lot.lot_id, at.slot, parkId, parked, { ...placing, group: at.group }, ctx);
  if (first.kind !== 'answer' || !isTaken(first.answer)) return first;
  const instead = 'onOccupied' in request ? onOccupied(request.onOccupied, at.lot) : OnOccupied.REJECT;
  if (instead !== OnOccupied.NEXT_FREE) return first;
  const next = placeNextFree({ lotId: at.lot.lot_id, slot: at.slot }, placing);
  if (next.kind === 'part-full') return partFull(next);
  if (next.kind === 'refuse') return refuse(next.refusal);
  return arriveAt(kind, request, next.lot.lot_id, next.slot, parkId, parked, placing, ctx);
}

/** What a park brings from its reservation; its lamp is that of the slot it comes to. */
interface Kept {
  readonly policy: Policy;
  readonly branch: FlowBranch | undefined;
}

/** Parks or reserves in a slot that was chosen. */
export function arriveAt(
  kind: 'park' | 'reserve',
  request: ParkRequest | ReserveRequest,
  lotId: string,
  slot: string,
  parkId: string,
  parked: SlotEntry | undefined,
  placing: PlaceContext & { readonly group?: GroupSettings | undefined },
  ctx: DecideContext,
  kept?: Kept,
): Decision {
  const lot = placing.tenant.lot(lotId);
  if (lot === undefined || request.call === undefined) return missing('call');
  const known = ctx.table.find(request.tenantId, lotId, slot);
  if (known !== undefined && (known.writing || known.held)) return { kind: 'wait', entry: known };
  if (parked !== undefined && parked !== known) return elsewhere(parked, request);
  const resolved = policyFor(lot, slot, request.overrides, placing, request.flow, placing.group);
  const policy = kept === undefined ? resolved : withLampOf(kept.policy, resolved);
  const command: SlotCommand = {
    kind,
    requestId: request.requestId,
    parkId,
    call: request.call,
    parker: request.parker,
    note: request.note,
    policy: lotId === HOLDING_LOT ? atOnce(policy) : policy,
    mediaControl: request.mediaControl === MediaControl.UNSPECIFIED ? MediaControl.CALLER : request.mediaControl,
    branch: kept === undefined ? branchFor(request, slot) : kept.branch,
  };
  const entry = known ?? ctx.table.entry(request.tenantId, lotId, slot);
  const decision = run(entry, command, ctx);
  const beyond = decision.kind === 'write' ? ctx.quotas.beyond(placing.tenant, lotId, entry.counted === 0) : undefined;
  if (beyond === undefined) return decision;
  ctx.table.dropUnused(entry);
  return refuse(beyond);
}

/** A call without a slot is rung back to its parker at once. */
export function atOnce(policy: Policy): Policy {
  return { ...policy, ringbackTimeoutMs: 1 };
}

/**
 * The child of the call flow that takes the call when a recall fails: keyed by the slot, else by `_`. In the holding lot the
 * slot is the one that was meant.
 */
function branchFor({ flow, target }: ParkRequest | ReserveRequest, slot: string): FlowBranch | undefined {
  if (flow === undefined) return undefined;
  const meant = target?.kind?.$case === 'slot' ? target.kind.value.slot : slot;
  const child = [slot, meant, '_'].map((key) => flow.children.find((each) => each.key === key)).find(isGiven);
  return child === undefined ? undefined : { flowId: flow.flowId, child: child.key, target: child.target };
}

function isGiven<T>(value: T | undefined): value is T {
  return value !== undefined;
}

export function placeContext(
  command: Command | undefined,
  tenant: TenantView,
  holdingSlot: string,
  ctx: DecideContext,
): PlaceContext {
  return {
    table: ctx.table,
    settings: ctx.settings,
    random: ctx.random,
    tenant,
    part: command?.part ?? 0,
    routedLot: command?.lotId ?? '',
    holdingSlot,
  };
}

function isTaken(answer: CommandAnswer): boolean {
  if (answer.result?.$case !== 'refusal') return false;
  const { reason } = answer.result.value;
  return reason === Reason.SLOT_OCCUPIED || reason === Reason.SLOT_RESERVED || reason === Reason.SLOT_RETRIEVING;
}

/** The call is in another slot of the shard, or is just being written there. */
export function elsewhere(entry: SlotEntry, request: { readonly call: ParkRequest['call'] }): Decision {
  if (entry.writing) return { kind: 'wait', entry };
  const park = entry.record?.parks.find(
    ({ call }) => call?.callId === request.call?.callId && call?.mediaNode === request.call?.mediaNode,
  );
  const { slot } = entry.name;
  return refuse({
    reason: Reason.CALL_ALREADY_PARKED,
    message: `The call is parked already in slot ${slot}.`,
    metadata: { park_id: park?.parkId ?? '', slot },
  });
}
