import { recallBranch } from '@parkade/flow';
import { MediaControl, type ParkRecord, type SlotName, TransitionKind } from '@parkade/proto';
import { recallPolicyOf } from '@parkade/settings';
import type { Departure, ParkStateView, ParkView } from '../machine/index.js';

/** What recalling needs of a park's record. */
export function parkViewOf(name: SlotName, park: ParkRecord): ParkView {
  const { policy } = park;
  return {
    parkId: park.parkId,
    tenantId: name.tenantId,
    lotId: name.lotId,
    slot: name.slot,
    call: park.call,
    parker: park.parker,
    parkedAtMs: park.parkedAtMs,
    ringbackTimeoutMs: policy?.ringbackTimeoutMs ?? 0,
    callbackTimeoutMs: policy?.callbackTimeoutMs ?? 0,
    maxParkMs: policy?.maxParkMs ?? 0,
    clusterMedia: park.mediaControl === MediaControl.CLUSTER,
    attempt: park.recallAttempt,
    state: stateView(park.state),
    branch: recallBranch(park.branch),
    policy: policy?.recall === undefined ? undefined : recallPolicyOf(policy.recall, name.lotId),
  };
}

function stateView(state: ParkRecord['state']): ParkStateView {
  switch (state?.$case) {
    case 'parked':
      return { kind: 'parked', recallAtMs: state.value.recallAtMs };
    case 'ringback':
      return { kind: 'ringback', untilMs: state.value.untilMs, legs: state.value.legs };
    case 'retrieving':
      return { kind: 'retrieving', retrieveId: state.value.retrieveId, byCallId: state.value.by?.callId ?? '' };
    case 'reserved':
    case 'incoming':
    case undefined:
      return { kind: 'other' };
  }
}

/** How a park ended, by its last transition. */
export function departureOf(kind: TransitionKind | undefined): Departure {
  if (kind === TransitionKind.RETRIEVED || kind === TransitionKind.RECALL_ANSWERED) return 'joined';
  return kind === TransitionKind.BRANCHED || kind === TransitionKind.EXPIRED ? 'left' : 'other';
}
