import { DEFAULT_LOT, HOLDING_LOT, stableHash } from '@parkade/ids';
import {
  type ChoiceRoute,
  type Command,
  type CommandAnswer,
  ParkRecord,
  Reason,
  type RouteChoiceOp,
} from '@parkade/proto';
import type { LotSettings } from '@parkade/settings';
import { answerOf, refusalAnswer } from './pending.js';

/**
 * Where a choice goes on after everything before was full. The other parts of the lot first, each once, in an order that the request
 * id fixes (so that callers spread over the parts); then the overflow lot; then nowhere. Recorded before it is told by the shard that
 * was asked first (the lot's home; of a slot that was named, the one of its part), so that a replay goes the same way. Where a part had free slots beyond the highest number allowed there is
 * no overflow lot: as in a lot of one part, that is for the caller's call flow. `reserved`: what a reservation that ended left for its caller.
 */
export function decideRoute(
  op: RouteChoiceOp,
  lot: LotSettings | undefined,
  previous: ChoiceRoute | undefined,
  reserved?: Partial<ParkRecord>,
): CommandAnswer {
  const step = (previous?.step ?? 0) + 1;
  const beyondMax = op.beyondMax > 0 ? op.beyondMax : (previous?.beyondMax ?? 0);
  // A completion names no lot: its replay learns here which one it is about.
  const of = op.parkId === '' ? {} : { ofLotId: op.lotId, firstPart: op.firstPart ?? 0 };
  const kept = reserved === undefined ? of : { ...of, reserved: ParkRecord.fromPartial(reserved) };
  if (op.holding) return routed({ $case: 'lotId', value: HOLDING_LOT }, { step, beyondMax, ...kept });
  if (lot === undefined) {
    return refusalAnswer(Reason.LOT_NOT_FOUND, `There is no lot ${op.lotId}.`, { lot_id: op.lotId });
  }
  const others = lot.spread - 1;
  if (step <= others) {
    const next = 1 + ((stableHash(op.requestId) + step - 1) % others);
    const part = ((op.firstPart ?? 0) + next) % lot.spread;
    return routed({ $case: 'part', value: part }, { step, beyondMax, ...kept });
  }
  if (step === others + 1 && beyondMax === 0 && lot.overflow_lot_id !== undefined) {
    return routed({ $case: 'lotId', value: lot.overflow_lot_id }, { step, beyondMax, ...kept });
  }
  return routed({ $case: 'full', value: true }, { step, beyondMax, ...kept });
}

function routed(to: ChoiceRoute['to'], at: Omit<ChoiceRoute, 'to'>): CommandAnswer {
  return answerOf({ $case: 'route', value: { to, ...at } });
}

/**
 * Whether a command was led to this part by another one, where it is recorded how the call goes on. Such a part has to remember that it
 * was full: a replay that comes later must not find room in it.
 */
export function isLedHere({ part, lotId, op }: Command): boolean {
  if (part > 0 || (op?.$case === 'completeReservation' && lotId !== '')) return true;
  const target = op?.$case === 'park' ? op.value.target?.kind : undefined;
  return target?.$case === 'slot' && lotId === (target.value.lotId || DEFAULT_LOT);
}
