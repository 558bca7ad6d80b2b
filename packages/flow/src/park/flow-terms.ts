import { type FlowChild, type FlowTerms, type PolicyOverrides, PresenceType } from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import { flowLevels, type FlowOverrides, type PresenceTypeName } from '@parkade/settings';
import { MAX_SLOT_CHILD, type ParkNode, WILDCARD_CHILD } from '../tree/flow-tree.js';

const PRESENCE: Readonly<Record<PresenceTypeName, PresenceType>> = {
  early: PresenceType.EARLY,
  confirmed: PresenceType.CONFIRMED,
  terminated: PresenceType.TERMINATED,
};

const MAX_UINT32 = 0xffff_ffff;

/**
 * What a `park` node says for whichever slot its call gets. `slot`: only what that one needs, as the call can get no other.
 * A child that is `park` again takes no call whose recall failed: it stays where it is, which is the same.
 */
export function flowTerms(flowId: string, node: ParkNode, slot?: string): FlowTerms {
  const { data, children } = node;
  const slots = [...data.slots.keys()].filter((each) => slot === undefined || each === slot);
  const keys = [...children.keys()].filter(
    (key) => key !== MAX_SLOT_CHILD && (slot === undefined || key === slot || key === WILDCARD_CHILD),
  );
  return {
    flowId,
    slots: slots.map((each) => ({ slot: each, overrides: policyOverrides(flowLevels(data, each).slot ?? {}) })),
    children: keys.flatMap((key): readonly FlowChild[] => {
      const child = children.get(key);
      return child === undefined || child.module === 'park' ? [] : [{ key, target: child.target }];
    }),
    maxSlotNumber: data.maxSlotNumber === undefined ? undefined : Math.min(data.maxSlotNumber, MAX_UINT32),
  };
}

/** What a `park` node says for all slots. */
export function flowOverrides({ data }: ParkNode): PolicyOverrides {
  return policyOverrides(flowLevels(data, '').flow);
}

function policyOverrides(overrides: FlowOverrides): PolicyOverrides {
  const { ringbackTimeoutMs, callbackTimeoutMs, maxParkMs, presenceType, presenceId } = overrides;
  return {
    ringbackTimeout: ringbackTimeoutMs === undefined ? undefined : toDuration(ringbackTimeoutMs),
    callbackTimeout: callbackTimeoutMs === undefined ? undefined : toDuration(callbackTimeoutMs),
    maxPark: maxParkMs === undefined ? undefined : toDuration(maxParkMs),
    presenceType: presenceType === undefined ? PresenceType.UNSPECIFIED : PRESENCE[presenceType],
    presenceId: presenceId ?? '',
  };
}
