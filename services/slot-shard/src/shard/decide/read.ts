import { DEFAULT_LOT } from '@parkade/ids';
import { Consistency } from '@parkade/proto';
import { parkView, slotView } from '@parkade/slots';
import { refuseGone } from '../../machine/refusal.js';
import { answerOf } from '../pending.js';
import { type DecideContext, type Decision, findPark, missing, parkNotFound, refuse } from './decision.js';

export function getSlot(
  tenantId: string,
  slot: { lotId: string; slot: string } | undefined,
  consistency: Consistency,
  ctx: DecideContext,
): Decision {
  if (slot === undefined) return missing('slot');
  const name = { tenantId, lotId: slot.lotId || DEFAULT_LOT, slot: slot.slot };
  const entry = ctx.table.find(name.tenantId, name.lotId, name.slot);
  const fence = consistency !== Consistency.UNFENCED;
  if (fence && entry !== undefined && (entry.writing || entry.held)) return { kind: 'wait', entry };
  const record = entry?.record ?? {
    name,
    parks: [],
    last: undefined,
    documentVersion: 0,
    litPresenceId: '',
    ended: [],
  };
  return { kind: 'answer', answer: answerOf({ $case: 'slot', value: slotView(record, entry?.revision ?? 0) }), fence };
}

export function getPark(parkId: string, tenantId: string, consistency: Consistency, ctx: DecideContext): Decision {
  const fence = consistency !== Consistency.UNFENCED;
  const found = findPark(parkId, tenantId, ctx);
  if (found.kind !== 'entry') return found;
  if (fence && (found.entry.writing || found.entry.held)) return { kind: 'wait', entry: found.entry };
  const park = found.entry.record?.parks.find((candidate) => candidate.parkId === parkId);
  if (park === undefined) {
    return found.entry.record === undefined ? parkNotFound() : refuse(refuseGone(found.entry.record, parkId).refusal);
  }
  const answer = answerOf({ $case: 'park', value: parkView(found.entry.name, park, found.entry.revision) });
  return { kind: 'answer', answer: { ...answer, revision: found.entry.revision }, fence };
}
