import type { Random } from '@parkade/clock';
import { DEFAULT_LOT, EXTENSION_LOT, HOLDING_LOT, partOf } from '@parkade/ids';
import {
  OnOccupied,
  type FlowTerms,
  PresenceType,
  Reason,
  Selection,
  type SlotName,
  type PolicyOverrides,
  type Target,
  type Policy,
} from '@parkade/proto';
import { durationMs } from '@parkade/rpc';
import {
  type FlowOverrides,
  type GroupSettings,
  groupName,
  type LotSettings,
  resolvePolicy,
  type SettingsCache,
  slotVerdict,
  type TenantView,
} from '@parkade/settings';
import type { RefusalData } from '../machine/index.js';
import type { SlotTable } from './slot-table.js';

/**
 * Where a call is to go: a slot, or a reason why not. `part-full`: nothing free in this shard's part of the lot, or nothing up to
 * `beyondMax` (0: nothing at all), which says nothing of the other parts; `last`: there are none, and no overflow lot.
 */
export type Place =
  | {
      readonly kind: 'slot';
      readonly lot: LotSettings;
      readonly slot: string;
      /** The group whose member's place it is; undefined: no group was asked for. */
      readonly group?: GroupSettings | undefined;
    }
  | { readonly kind: 'refuse'; readonly refusal: RefusalData }
  | { readonly kind: 'part-full'; readonly beyondMax: number; readonly lotId: string; readonly last: boolean };

/** What a placement depends on. */
export interface PlaceContext {
  readonly table: SlotTable;
  readonly settings: SettingsCache;
  readonly random: Random;
  readonly tenant: TenantView;
  /** Which part of a spread lot this shard serves for the command. */
  readonly part: number;
  /** The lot a routed choice goes to; empty: as the target says. */
  readonly routedLot: string;
  /** The slot of the holding lot a routed call gets: the new park's id. */
  readonly holdingSlot: string;
  /** The highest slot number the call's flow may use. */
  readonly maxSlotNumber?: number | undefined;
}

/** Finds the slot a target means. For a lot or a group: a free one. */
export function place(target: Target | undefined, ctx: PlaceContext): Place {
  if (ctx.routedLot === HOLDING_LOT) return inLot(ctx, HOLDING_LOT, ctx.holdingSlot);
  switch (target?.kind?.$case) {
    case 'slot': {
      if (ctx.routedLot !== '') return chooseIn(ctx, ctx.routedLot, Selection.UNSPECIFIED, 0);
      return inLot(ctx, target.kind.value.lotId || DEFAULT_LOT, target.kind.value.slot);
    }
    case 'extension':
      return inLot(ctx, EXTENSION_LOT, target.kind.value.extension);
    case 'lot': {
      const { lotId, selection, maxSlotNumber } = target.kind.value;
      return chooseIn(ctx, ctx.routedLot || lotId || DEFAULT_LOT, selection, maxSlotNumber);
    }
    case 'group':
      return hunt(ctx, target.kind.value.groupId);
    case undefined:
      return refuse(Reason.INVALID_FIELD, 'A target is required: slot, lot, extension or group.', { field: 'target' });
  }
}

/** Any free slot of the same part of a slot's lot: what `ON_OCCUPIED_NEXT_FREE` and a completion without a reservation take. */
export function placeNextFree({ lotId, slot }: Pick<SlotName, 'lotId' | 'slot'>, ctx: PlaceContext): Place {
  const part = partOf(slot, ctx.tenant.lot(lotId)?.spread ?? 1);
  return chooseIn({ ...ctx, part }, lotId, Selection.UNSPECIFIED, 0);
}

/** The policy a call gets in a slot. `flow`: what its call flow says for that slot stands above all. */
export function policyFor(
  lot: LotSettings,
  slotId: string,
  overrides: PolicyOverrides | undefined,
  ctx: Pick<PlaceContext, 'settings' | 'tenant'>,
  flow?: FlowTerms,
  group?: GroupSettings,
): Policy {
  const { settings, tenant } = ctx;
  const slot = flow?.slots.find((entry) => entry.slot === slotId)?.overrides;
  return resolvePolicy({
    slotId,
    slot: slot === undefined ? undefined : flowOverrides(slot),
    flow: overrides === undefined ? undefined : flowOverrides(overrides),
    lot,
    tenant: tenant.settings,
    system: settings.system,
    group,
    revision: settings.revision,
  });
}

/** What to do when the slot is taken: the request's word, else the lot's. */
export function onOccupied(asked: OnOccupied, lot: LotSettings): OnOccupied {
  if (asked !== OnOccupied.UNSPECIFIED) return asked;
  switch (lot.on_occupied) {
    case 'reject':
      return OnOccupied.REJECT;
    case 'next_free':
      return OnOccupied.NEXT_FREE;
    case 'ring_parker':
      return OnOccupied.RING_PARKER;
  }
}

function inLot(ctx: PlaceContext, lotId: string, slot: string): Place {
  const lot = usableLot(ctx, lotId);
  if ('kind' in lot) return lot;
  switch (slotVerdict(lot, slot, ctx.maxSlotNumber)) {
    case 'ok':
      return { kind: 'slot', lot, slot };
    case 'not-in-lot':
      return refuse(Reason.SLOT_NOT_FOUND, `Lot ${lotId} has no slot ${slot}.`, { slot });
    case 'beyond-max':
      return refuse(Reason.MAX_SLOT_EXCEEDED, `Slot ${slot} lies beyond the highest number allowed.`, { slot });
  }
}

function chooseIn(ctx: PlaceContext, lotId: string, selection: Selection, maxSlotNumber: number): Place {
  const lot = usableLot(ctx, lotId);
  if ('kind' in lot) return lot;
  const { table, tenant, random, part } = ctx;
  const asked = maxSlotNumber === 0 ? Infinity : maxSlotNumber;
  const bound = Math.min(asked, ctx.maxSlotNumber ?? Infinity, lot.max_slot_number ?? Infinity);
  const chosen = table.pool(tenant.tenantId, lot, part).choose(selectionOf(selection, lot), {
    cursor: table.cursor(tenant.tenantId, lotId),
    maxSlotNumber: bound === Infinity ? undefined : bound,
    random: random.next(),
  });
  if (chosen.kind === 'slot') return { kind: 'slot', lot, slot: chosen.slot };
  const last = lot.spread <= 1 && lot.overflow_lot_id === undefined;
  if (chosen.kind === 'full') return { kind: 'part-full', beyondMax: 0, lotId, last };
  if (lot.spread > 1) return { kind: 'part-full', beyondMax: bound, lotId, last };
  return refuse(
    Reason.MAX_SLOT_EXCEEDED,
    `The next free slot of lot ${lotId} lies beyond the highest number allowed.`,
    {
      lot_id: lotId,
      max_slot_number: String(bound),
    },
  );
}

/** The first free, enabled member, in the group's order (R9). A slot being written is not free. */
function hunt(ctx: PlaceContext, groupId: string): Place {
  const lot = usableLot(ctx, EXTENSION_LOT);
  if ('kind' in lot) return lot;
  const group = ctx.tenant.group(groupId);
  if (group === undefined)
    return refuse(Reason.GROUP_NOT_FOUND, `There is no group ${groupId}.`, { group_id: groupId });
  if (!group.enabled) {
    const message = `Parking is switched off for group ${groupName(group)}.`;
    return refuse(Reason.DISABLED, message, { group_id: groupId });
  }
  for (const { extension, enabled } of group.members) {
    if (!enabled || ctx.table.isTaken(ctx.tenant.tenantId, EXTENSION_LOT, extension)) continue;
    return { kind: 'slot', lot, slot: extension, group };
  }
  return refuse(Reason.GROUP_FULL, `No member of group ${groupId} is free.`, { group_id: groupId });
}

function usableLot(ctx: PlaceContext, lotId: string): LotSettings | Extract<Place, { kind: 'refuse' }> {
  const lot = ctx.tenant.lot(lotId);
  if (lot === undefined) return refuse(Reason.LOT_NOT_FOUND, `There is no lot ${lotId}.`, { lot_id: lotId });
  if (lot.enabled && ctx.tenant.settings.enabled) return lot;
  // The holding lot takes calls that were accepted: switching parking off must not drop them.
  if (lotId === HOLDING_LOT) return lot;
  return refuse(Reason.DISABLED, `Parking is switched off for lot ${lotId}.`, { lot_id: lotId });
}

function selectionOf(asked: Selection, lot: LotSettings): Exclude<Selection, Selection.UNSPECIFIED> {
  if (asked !== Selection.UNSPECIFIED) return asked;
  switch (lot.selection) {
    case 'first':
      return Selection.FIRST;
    case 'next':
      return Selection.NEXT;
    case 'random':
      return Selection.RANDOM;
    case 'longest_idle':
      return Selection.LONGEST_IDLE;
  }
}

const PRESENCE_NAMES = {
  [PresenceType.UNSPECIFIED]: undefined,
  [PresenceType.EARLY]: 'early',
  [PresenceType.CONFIRMED]: 'confirmed',
  [PresenceType.TERMINATED]: 'terminated',
} as const;

function flowOverrides(overrides: PolicyOverrides): FlowOverrides {
  const { ringbackTimeout, callbackTimeout, maxPark, presenceId, presenceType } = overrides;
  return {
    ringbackTimeoutMs: ringbackTimeout === undefined ? undefined : durationMs(ringbackTimeout),
    callbackTimeoutMs: callbackTimeout === undefined ? undefined : durationMs(callbackTimeout),
    maxParkMs: maxPark === undefined ? undefined : durationMs(maxPark),
    presenceId: presenceId === '' ? undefined : presenceId,
    presenceType: PRESENCE_NAMES[presenceType],
  };
}

function refuse(
  reason: Reason,
  message: string,
  metadata: Readonly<Record<string, string>>,
): Extract<Place, { kind: 'refuse' }> {
  return { kind: 'refuse', refusal: { reason, message, metadata } };
}
