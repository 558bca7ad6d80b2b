import { EXTENSION_LOT } from '@parkade/ids';
import { type Policy, PresenceType } from '@parkade/proto';
import type { LotSettings } from './lot-settings.js';
import { GIVEN } from './given.js';
import type { GroupSettings } from './group-settings.js';
import type { PresenceTypeName, LevelSettings, SlotOverrides } from './policy-settings.js';
import { recallTerms } from './recall-terms.js';
import { resolveRecall } from './resolve-recall.js';
import type { SystemSettings } from './system-settings.js';
import type { TenantSettings } from './tenant-settings.js';

/** What one call or flow overrides; undefined: the next level decides. Lengths in ms, 0: never. */
export interface FlowOverrides {
  readonly ringbackTimeoutMs?: number | undefined;
  readonly callbackTimeoutMs?: number | undefined;
  readonly presenceType?: PresenceTypeName | undefined;
  readonly presenceId?: string | undefined;
  readonly maxParkMs?: number | undefined;
}

/** All that decides a park's policy. */
export interface ResolveInput {
  /** The slot that was chosen. */
  readonly slotId: string;
  /** The flow's `slots` entry of that slot, where there is one; stands above the lot's own `slots` entry. */
  readonly slot?: FlowOverrides | undefined;
  readonly flow?: FlowOverrides | undefined;
  readonly lot: LotSettings;
  readonly tenant: LevelSettings & Pick<TenantSettings, 'recall'>;
  readonly system: SystemSettings;
  /** The group by whose hunt the slot was chosen, where one was. */
  readonly group?: GroupSettings | undefined;
  /** The settings revision all of this was read at; the park keeps it. */
  readonly revision: number;
}

const NO_OVERRIDES: FlowOverrides = {};
const NO_SLOT: SlotOverrides = {};

const PRESENCE: Readonly<Record<PresenceTypeName, PresenceType>> = {
  early: PresenceType.EARLY,
  confirmed: PresenceType.CONFIRMED,
  terminated: PresenceType.TERMINATED,
};

/**
 * The policy of a park. Each value by itself, the first level that has one: the slot (the flow's entry for it, then the
 * lot's), the flow, the lot, the tenant, the system. Presence id: slot, flow, else the canonical one of the slot, the same
 * whichever way the call came; empty in a hidden lot, whose slots have no lamps. Whom it rings when it comes back is kept as well
 * (`resolveRecall`): settings that change are for later parks.
 */
export function resolvePolicy(input: ResolveInput): Policy {
  const { slotId, lot, tenant, system } = input;
  const slot = input.slot ?? NO_OVERRIDES;
  const flow = input.flow ?? NO_OVERRIDES;
  const own = slotOverrides(lot, slotId);
  return {
    ringbackTimeoutMs:
      slot.ringbackTimeoutMs ??
      own.ringback_timeout ??
      flow.ringbackTimeoutMs ??
      lot.ringback_timeout_ms ??
      tenant.ringback_timeout_ms ??
      systemRingbackMs(lot, system),
    callbackTimeoutMs:
      slot.callbackTimeoutMs ??
      own.callback_timeout ??
      flow.callbackTimeoutMs ??
      lot.callback_timeout_ms ??
      tenant.callback_timeout_ms ??
      system.callback_timeout_ms,
    presenceType:
      PRESENCE[
        slot.presenceType ??
          own.presence_type ??
          flow.presenceType ??
          lot.presence_type ??
          tenant.presence_type ??
          system.presence_type
      ],
    presenceId: lot.hidden
      ? ''
      : (slot.presenceId ?? own.presence_id ?? flow.presenceId ?? canonicalPresenceId(lot, slotId)),
    maxParkMs: slot.maxParkMs ?? flow.maxParkMs ?? lot.max_park_ms ?? tenant.max_park_ms ?? system.max_park_ms,
    settingsRevision: input.revision,
    groupId: input.group?.group_id,
    recall: recallTerms(resolveRecall(lot, tenant, system, input.group)),
    given: input.slot === undefined && input.flow === undefined ? undefined : given(slot, own, flow),
  };
}

/** What of the policy in force the call or its flow gave; undefined: nothing. */
function given(slot: FlowOverrides, own: SlotOverrides, flow: FlowOverrides): number | undefined {
  const isGiven = <T>(ofSlot: T | undefined, ofLot: T | undefined, ofFlow: T | undefined): boolean =>
    ofSlot !== undefined || (ofLot === undefined && ofFlow !== undefined);
  let bits = 0;
  if (isGiven(slot.ringbackTimeoutMs, own.ringback_timeout, flow.ringbackTimeoutMs)) bits |= GIVEN.ringbackTimeoutMs;
  if (isGiven(slot.callbackTimeoutMs, own.callback_timeout, flow.callbackTimeoutMs)) bits |= GIVEN.callbackTimeoutMs;
  if (isGiven(slot.presenceType, own.presence_type, flow.presenceType)) bits |= GIVEN.presenceType;
  if (isGiven(slot.presenceId, own.presence_id, flow.presenceId)) bits |= GIVEN.presenceId;
  if (isGiven(slot.maxParkMs, undefined, flow.maxParkMs)) bits |= GIVEN.maxParkMs;
  return bits === 0 ? undefined : bits;
}

/** How long a reservation outlives its consulting call after an attended transfer, in ms: lot, tenant, system. */
export function resolveTransferGraceMs(lot: LotSettings, tenant: LevelSettings, system: SystemSettings): number {
  return lot.transfer_grace_ms ?? tenant.transfer_grace_ms ?? system.transfer_grace_ms;
}

/** How long a call of the lot waits where neither lot nor tenant says: extensions have the park server's time. */
export function systemRingbackMs({ lot_id }: Pick<LotSettings, 'lot_id'>, system: SystemSettings): number {
  return lot_id === EXTENSION_LOT ? system.extension_ringback_timeout_ms : system.ringback_timeout_ms;
}

/** The one lamp of a slot where nothing names another: the lot's prefix and the slot, `*3701`. */
export function canonicalPresenceId(lot: LotSettings, slotId: string): string {
  return lot.presence_prefix + slotId;
}

/** The lot's entry for one slot. Slot ids are free text: only own keys count (`constructor` is a valid id). */
function slotOverrides(lot: LotSettings, slotId: string): SlotOverrides {
  return Object.hasOwn(lot.slots, slotId) ? (lot.slots[slotId] ?? NO_SLOT) : NO_SLOT;
}
