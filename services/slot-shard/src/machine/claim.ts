import { type ParkRecord, Reason, type Retrieving, type SlotRecord, TransitionKind } from '@parkade/proto';
import { changed } from './apply.js';
import { withPark } from './named-park.js';
import { refuse } from './refusal.js';
import type { SlotCommand, Step, StepContext } from './types.js';

type Claim = Extract<SlotCommand, { kind: 'claim-pickup' }>;

/** A pickup is good so long at most, in ms. */
export const PICKUP_GOOD_MS = 10_000;
/** What is left for the bridge, at the least, once the phone has come, in ms. */
const BRIDGE_MS = 10_000;

/** Why a claim is refused, in a word of the reason's metadata. */
type Fault = 'unknown' | 'claimed' | 'late' | 'elsewhere';

/**
 * The phone of a retriever at another media node has come to the call's: once, in time, with the secret of this very attempt, from
 * the node of its call to that of the parked one. The attempt has time for its bridge from then on.
 */
export function claimPickup(record: SlotRecord, command: Claim, ctx: StepContext): Step {
  return withPark(record, command.parkId, (park) => {
    const attempt = park.state?.$case === 'retrieving' ? park.state.value : undefined;
    if (attempt?.pickup?.digest.equals(command.digest) !== true) return refused('unknown');
    const { pickup } = attempt;
    if (pickup.claimed) return refused('claimed');
    if (ctx.nowMs >= pickup.untilMs) return refused('late');
    if (!isBetween(command, park, attempt)) return refused('elsewhere');
    const value = {
      ...attempt,
      giveUpAtMs: Math.max(attempt.giveUpAtMs, ctx.nowMs + BRIDGE_MS),
      pickup: { ...pickup, claimed: true },
    };
    return changed(
      record,
      ctx,
      { ...park, state: { $case: 'retrieving', value } },
      {
        kind: TransitionKind.PICKUP_CLAIMED,
        requestId: command.requestId,
        retriever: attempt.by,
      },
    );
  });
}

/** Whether the phone came to the parked call's node, from the one of the call it belongs to. */
function isBetween({ mediaNode, fromMediaNodes }: Claim, { call }: ParkRecord, { by }: Retrieving): boolean {
  return call?.mediaNode === mediaNode && by !== undefined && fromMediaNodes.includes(by.mediaNode);
}

function refused(why: Fault): Step {
  return refuse(Reason.PICKUP_REFUSED, `The pickup is good for nothing here: ${why}.`, { why });
}
