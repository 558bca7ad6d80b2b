import type { Clock } from '@parkade/clock';
import { type MoveHold, type MoveParkRequest, Reason, type SlotTarget } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Deadline } from '../deadline.js';
import type { Delivery } from '../routing/delivery.js';
import type { Order } from '../routing/order.js';
import type { OwnerAnswer } from '../routing/owner-answer.js';

/** How often a hold is made again because the destination has another owner by now. */
const MAX_HOLDS = 4;

/** The client's answer waits at most this long for the destination to hear how the move ended. */
const MAX_SETTLE_MS = 1_000;

/** Reasons that leave open whether the source moved the park. */
const UNKNOWN: ReadonlySet<Reason> = new Set([
  Reason.DEADLINE,
  Reason.NO_OWNER,
  Reason.STORE_UNAVAILABLE,
  Reason.STORE_FULL,
  Reason.OVERLOADED,
  Reason.DRAINING,
]);

/**
 * Moves a park to a slot of another shard: the destination holds the slot, the source writes both records, the destination is
 * told. Every step carries the client's request id, so the whole may be done again from the start with one effect.
 */
export class Moving {
  constructor(
    private readonly delivery: Delivery,
    private readonly clock: Clock,
  ) {}

  /** `base` names the source's shard; `destination` the shard of the slot it moves to. */
  async move(
    base: Order,
    request: MoveParkRequest,
    destination: number,
    deadline: Deadline,
  ): Promise<OwnerAnswer | Refused> {
    if (base.shard === destination) {
      return this.delivery.deliver({ ...base, op: { $case: 'move', value: { request, hold: undefined } } }, deadline);
    }
    for (let attempt = 1; ; attempt++) {
      const hold = await this.#hold(base, request, destination, deadline);
      if (hold instanceof Refused) return hold;
      const op = { $case: 'move', value: { request, hold } } as const;
      const answer = await this.delivery.deliver({ ...base, op }, deadline);
      if (answer instanceof Refused && wantsNewHold(answer) && attempt < MAX_HOLDS) continue;
      const refused = answer instanceof Refused;
      // Where the outcome is not known the hold ends by itself: the destination looks before it opens the slot again.
      if (!refused || !UNKNOWN.has(answer.reason)) await this.#settle(base, request, destination, refused, deadline);
      return answer;
    }
  }

  async #hold(base: Order, request: MoveParkRequest, shard: number, deadline: Deadline): Promise<MoveHold | Refused> {
    const op = { $case: 'holdForMove', value: { request } } as const;
    const answer = await this.delivery.deliver({ ...base, shard, op }, deadline);
    if (answer instanceof Refused) return answer;
    const result = answer.result();
    if (result?.$case === 'hold') return result.value;
    throw new Error(`the owner answered holdForMove with ${answer.kind ?? 'nothing'}`);
  }

  /** The answer to the client does not depend on it; waiting lets a read that follows see the slot as it is. */
  async #settle(
    base: Order,
    request: MoveParkRequest,
    shard: number,
    drop: boolean,
    deadline: Deadline,
  ): Promise<void> {
    const slot: SlotTarget | undefined = request.slot;
    const value = { tenantId: request.tenantId, slot, moveId: request.requestId, drop };
    const until = Math.min(deadline, this.clock.monotonicMs() + MAX_SETTLE_MS);
    await this.delivery.deliver({ ...base, shard, op: { $case: 'settleMove', value } }, until);
  }
}

/** The destination's epoch is another one than when the slot was held. */
function wantsNewHold(refused: Refused): boolean {
  return refused.reason === Reason.WRONG_STATE && refused.metadata['retry'] === 'hold';
}
