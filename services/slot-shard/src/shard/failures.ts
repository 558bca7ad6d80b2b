import { type CommandAnswer, Reason } from '@parkade/proto';

/** What did not come about, and somebody should know (R7): `reason` as in `Reason`, in small letters with hyphens. */
export interface Failure {
  readonly reason: string;
  readonly data: Readonly<Record<string, string>>;
}

/** The refusals that are told: those where there was no room. Others are a matter between the owner and who asked. */
const TOLD: ReadonlySet<Reason> = new Set([
  Reason.LOT_FULL,
  Reason.MAX_SLOT_EXCEEDED,
  Reason.GROUP_FULL,
  Reason.QUOTA_EXCEEDED,
]);

/** What is to be told of an answer that changed nothing; undefined: nothing. */
export function failureOf({ result }: CommandAnswer): Failure | undefined {
  if (result?.$case !== 'refusal' || !TOLD.has(result.value.reason)) return undefined;
  const { reason, metadata } = result.value;
  return { reason: wordOf(reason), data: metadata };
}

/** Every slot of the lot, and of its overflow lots, is taken, or lies beyond the highest number allowed (0: no bound). */
export function fullLot(lotId: string, beyondMax = 0): Failure {
  if (beyondMax === 0) return { reason: wordOf(Reason.LOT_FULL), data: { lot_id: lotId } };
  return { reason: wordOf(Reason.MAX_SLOT_EXCEEDED), data: { lot_id: lotId, max_slot_number: String(beyondMax) } };
}

function wordOf(reason: Reason): string {
  return Reason[reason].toLowerCase().replaceAll('_', '-');
}
