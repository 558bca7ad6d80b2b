import { type Clock, sleep } from '@parkade/clock';
import { childOf, type Deed, deedOf, MAX_SLOT_CHILD, slotStateOf, type SlotState, verdictOf } from '@parkade/flow';
import { type Park, ParkState, PromptKind, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { slotNumber } from '@parkade/settings';
import type { FlowLimits } from '../config.js';
import {
  type Arrival,
  beginRetrieve,
  complete,
  parkAnywhere,
  parkItself,
  parkTransferred,
  reserve,
  takeOrReserve,
} from './arrival.js';
import type { ParkPort } from './park-port.js';
import { done, held, isHeld, isTransferred, left, rejected, type Result, skipped } from './result.js';

export interface ExecutionDeps {
  readonly port: ParkPort;
  readonly clock: Clock;
  readonly limits: FlowLimits;
}

/** A reservation that cannot be completed any more: the call is parked all the same. */
const RESERVATION_OVER: ReadonlySet<Reason> = new Set([
  Reason.PARK_NOT_FOUND,
  Reason.PARK_ENDED,
  Reason.WRONG_STATE,
  Reason.WRONG_CALL,
]);

/**
 * One call at a `park` node: asks the slot's owner, and does what the decision table says of the answer.
 *
 *   F1. Every change is asked for under the request's own id. What is tried next is tried at the same slot, whose owner applies
 *       one of the attempts at most and answers the others with REQUEST_ID_REUSED; so a replay finds the one that was applied.
 *   F2. Nothing is decided by a read: a slot's state is what its owner said when it refused.
 *   F3. A call that was transferred here is parked, held, continued or sent back; it is never rejected.
 *   F4. Once a slot was found reserved or being retrieved, nothing is parked in it by this execution.
 */
export class Execution {
  readonly #deed: Deed;

  constructor(
    private readonly arrival: Arrival,
    /** Monotonic ms when the caller's time is over. */
    private readonly endMs: number,
    private readonly deps: ExecutionDeps,
  ) {
    this.#deed = deedOf(arrival.wayIn, arrival.node.data.action);
  }

  /** Resolves at `endMs` at the latest; a refusal is what the caller could not bring about by dialling. */
  run(): Promise<Result | Refused> {
    const { arrival, endMs } = this;
    const { port } = this.deps;
    if (arrival.node.data.skipModule) return Promise.resolve(skipped(arrival));
    switch (this.#deed) {
      case 'complete':
        return this.#complete();
      case 'park-transferred':
        return this.#place(port.park(parkTransferred(arrival, this.#holdIfFull()), endMs));
      case 'park-itself':
        return this.#place(port.park(parkItself(arrival), endMs));
      case 'reserve':
        return this.#place(port.reserve(reserve(arrival), endMs));
      case 'retrieve':
        return arrival.slot === undefined
          ? Promise.resolve(rejected(this.#deed, PromptKind.SLOT_EMPTY, '', Reason.SLOT_EMPTY))
          : this.#take(arrival.slot);
      case 'take-or-reserve':
        return arrival.slot === undefined
          ? this.#place(port.reserve(reserve(arrival), endMs))
          : this.#take(arrival.slot);
    }
  }

  /** One attempt at a place. */
  async #place(attempt: Promise<Park | Refused>): Promise<Result | Refused> {
    const answer = await attempt;
    return answer instanceof Refused ? this.#refused(answer) : this.#placed(answer, 'free');
  }

  /** Retrieves, or where the table says so reserves; waits for what is under way at the slot. */
  async #take(slot: string): Promise<Result | Refused> {
    const { arrival, endMs } = this;
    const { port, clock, limits } = this.deps;
    const since = new Map<SlotState, number>();
    let mayReserve = this.#deed === 'take-or-reserve';
    for (let pauseMs = limits.retryMinMs; ; pauseMs = Math.min(2 * pauseMs, limits.retryMaxMs)) {
      const answer = mayReserve
        ? await port.parkOrRetrieve(takeOrReserve(arrival, slot), endMs)
        : await port.beginRetrieve(beginRetrieve(arrival, slot), endMs);
      if (!(answer instanceof Refused)) return this.#placed(answer, mayReserve ? undefined : 'held');
      if (answer.reason === Reason.REQUEST_ID_REUSED && mayReserve) {
        mayReserve = false;
        continue;
      }
      const state = slotStateOf(answer.reason, answer.metadata);
      if (state === undefined) return this.#refused(answer);
      const verdict = verdictOf(state === 'free' ? 'retrieve' : this.#deed, state);
      if (verdict.is !== 'wait') return this.#refused(answer, state === 'free' ? 'retrieve' : this.#deed);
      mayReserve = false;
      const nowMs = clock.monotonicMs();
      const sinceMs = since.get(state) ?? nowMs;
      since.set(state, sinceMs);
      const leftMs = Math.min(sinceMs + verdict.maxMs, endMs) - nowMs;
      if (leftMs <= 0) return rejected(this.#deed, verdict.says, slot, answer.reason);
      await sleep(clock, Math.min(pauseMs, leftMs));
    }
  }

  /** The call takes the place of the one it replaces; where that has ended, it is parked in the next free slot. */
  async #complete(): Promise<Result | Refused> {
    const { arrival, endMs } = this;
    const { port } = this.deps;
    const { tenantId, call, replaced } = arrival;
    const reserved = replaced === undefined ? undefined : await port.parkOfCall(tenantId, replaced, endMs);
    if (reserved instanceof Refused) return reserved;
    if (reserved?.state === ParkState.RESERVED) {
      const answer = await port.completeReservation(complete(arrival, reserved.parkId), endMs);
      if (!(answer instanceof Refused))
        return this.#placed(answer, answer.slot === reserved.slot ? 'reserved' : 'free');
      if (!RESERVATION_OVER.has(answer.reason)) return this.#refused(answer);
    }
    // Asked for again after it was done, or completed by another way: the call is where it belongs.
    const own = await port.parkOfCall(tenantId, { mediaNode: call.mediaNode, callId: call.callId }, endMs);
    if (own instanceof Refused) return own;
    if (own !== undefined) return this.#placed(own, own.slot === arrival.slot ? 'reserved' : 'free');
    return this.#place(port.park(parkAnywhere(arrival, this.#holdIfFull()), endMs));
  }

  /** `state`: how the slot was found; undefined: the park shows it. */
  #placed(park: Park, state: SlotState | undefined): Result {
    const { slot } = this.arrival;
    if (isHeld(park)) return held(park, whyHeld(this.arrival));
    const found = state ?? (park.state === ParkState.RETRIEVING ? 'held' : 'free');
    const verdict = verdictOf(this.#deed, found);
    switch (verdict.is) {
      case 'parked':
      case 'reserved':
      case 'retrieve-begun': {
        const elsewhere = found === 'free' && slot !== undefined && park.slot !== slot;
        return done(elsewhere ? { ...verdict, says: PromptKind.OTHER_SLOT_NUMBER } : verdict, park, this.#deed);
      }
      default:
        throw new Error(`the table says ${verdict.is} of a call that was placed`);
    }
  }

  #refused(refused: Refused, deed: Deed = this.#deed): Result | Refused {
    const slot = this.arrival.slot ?? '';
    if (refused.reason === Reason.SLOT_NOT_FOUND) {
      return rejected(this.#deed, PromptKind.NO_SUCH_SLOT, slot, refused.reason);
    }
    if (refused.reason === Reason.DISABLED) return rejected(this.#deed, PromptKind.DISABLED, slot, refused.reason);
    const state = slotStateOf(refused.reason, refused.metadata);
    if (state === undefined) return refused;
    const verdict = verdictOf(deed, state);
    switch (verdict.is) {
      case 'rejected':
        return rejected(this.#deed, verdict.says, slot, refused.reason, verdict.answer);
      case 'leave':
        return left(this.arrival, this.#deed, refused);
      default:
        return rejected(this.#deed, PromptKind.SLOT_IN_USE, slot, refused.reason);
    }
  }

  /** A transferred call is held, unless the flow has a child for calls without a slot. */
  #holdIfFull(): boolean {
    return isTransferred(this.#deed) && childOf(this.arrival.node, MAX_SLOT_CHILD) === undefined;
  }
}

/** Why a call is in the holding lot, as far as its request tells. */
function whyHeld({ slot, node }: Arrival): Reason {
  if (slot === undefined) return Reason.LOT_FULL;
  const { maxSlotNumber } = node.data;
  const beyond = maxSlotNumber !== undefined && (slotNumber(slot) ?? 0) > maxSlotNumber;
  return beyond ? Reason.MAX_SLOT_EXCEEDED : Reason.SLOT_OCCUPIED;
}
