import type { Clock, Random } from '@parkade/clock';
import { type Actor, type CommandAnswer, type PartFull, Reason, type SlotRecord } from '@parkade/proto';
import { resolveTransferGraceMs, type SettingsCache, type TenantView } from '@parkade/settings';
import { parkView } from '@parkade/slots';
import type { Change } from '../../commit/write.js';
import type { OwnerQuotas } from '../../quotas/owner-quotas.js';
import { type RefusalData, step, type SlotCommand, type StepContext } from '../../machine/index.js';
import { answerOf, refusalAnswer } from '../pending.js';
import type { Place } from '../place.js';
import type { SlotEntry, SlotTable } from '../slot-table.js';

/** What is to be done for a command. */
export type Decision =
  /** Write the changes, then answer; `arriving`: the call that comes to the first change's slot. */
  | { readonly kind: 'write'; readonly changes: readonly Change[]; readonly answer: CommandAnswer }
  /** Nothing changes; the answer must be proved unless `answer.fenced` is false on purpose. */
  | {
      readonly kind: 'answer';
      readonly answer: CommandAnswer;
      readonly fence: boolean;
      /** The lot that was found wholly full; absent: none. */
      readonly fullLotId?: string | undefined;
    }
  /** The slot is being written: decide again after. */
  | { readonly kind: 'wait'; readonly entry: SlotEntry }
  /** Write the source's and the held destination's record in one transaction that compares both epochs and the hold. */
  | { readonly kind: 'move-across'; readonly change: Change; readonly to: AcrossTo; readonly answer: CommandAnswer }
  /** Read the held slot again; then, where `drop`, end the hold. */
  | { readonly kind: 'settle'; readonly entry: SlotEntry; readonly moveId: string; readonly drop: boolean };

/** The destination of a move between shards. */
export interface AcrossTo {
  readonly shard: number;
  readonly epoch: number;
  readonly recordRevision: number;
  readonly record: SlotRecord;
}

/** What decisions depend on. */
export interface DecideContext {
  readonly shard: number;
  readonly shardCount: number;
  readonly epoch: number;
  readonly table: SlotTable;
  readonly settings: SettingsCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly quotas: Pick<OwnerQuotas, 'beyond'>;
  /** Who asks for the command through an API. */
  readonly by?: Actor | undefined;
}

/** The slot a park is in, or was in lately. Another tenant's park is not found (R23). */
export function findPark(
  parkId: string,
  tenantId: string,
  ctx: DecideContext,
): Found | Extract<Decision, { kind: 'answer' }> {
  const alive = ctx.table.byPark(parkId);
  if (alive !== undefined)
    return alive.name.tenantId === tenantId ? { kind: 'entry', entry: alive, alive: true } : parkNotFound();
  const ended = ctx.table.byEndedPark(parkId);
  return ended?.name.tenantId === tenantId ? { kind: 'entry', entry: ended, alive: false } : parkNotFound();
}

export function run(entry: SlotEntry, command: SlotCommand, ctx: DecideContext): Decision {
  return stepDecision(stepOn(entry, command, ctx), entry, ctx);
}

export function stepOn(entry: SlotEntry, command: SlotCommand, ctx: DecideContext): ReturnType<typeof step> {
  const tenant = ctx.settings.tenant(entry.name.tenantId);
  return step(entry.record, command, stepContext(entry, entry.name.lotId, tenant, ctx));
}

export function stepDecision(result: ReturnType<typeof step>, entry: SlotEntry, ctx: DecideContext): Decision {
  // A slot that was never used and is not now leaves no trace.
  if (result.kind !== 'apply') ctx.table.dropUnused(entry);
  if (result.kind === 'refuse') return refuse(result.refusal);
  if (result.kind === 'nothing') return { kind: 'answer', answer: answerOf(undefined), fence: false };
  const left = result.left ? result.record.last : undefined;
  return {
    kind: 'write',
    changes: [{ entry, record: result.record }],
    answer: answerOf({ $case: 'park', value: parkView(entry.name, result.park, 0, left) }),
  };
}

export function stepContext(
  entry: SlotEntry,
  lotId: string,
  tenant: TenantView | undefined,
  ctx: DecideContext,
): StepContext {
  const lot = tenant?.lot(lotId);
  return {
    nowMs: ctx.clock.nowMs(),
    name: entry.name,
    revision: entry.revision,
    by: ctx.by,
    capacity: lot?.slot_capacity ?? 1,
    transferGraceMs:
      lot === undefined || tenant === undefined
        ? 5_000
        : resolveTransferGraceMs(lot, tenant.settings, ctx.settings.system),
  };
}

export function refuse(refusal: RefusalData): Extract<Decision, { kind: 'answer' }> {
  return { kind: 'answer', answer: refusalAnswer(refusal.reason, refusal.message, refusal.metadata), fence: true };
}

export function parkNotFound(): Extract<Decision, { kind: 'answer' }> {
  return refuse({
    reason: Reason.PARK_NOT_FOUND,
    message: 'No park with this id; it may have ended long ago.',
    metadata: {},
  });
}

export function tenantNotFound(tenantId: string): Extract<Decision, { kind: 'answer' }> {
  const message = `There is no tenant ${tenantId}.`;
  return refuse({ reason: Reason.TENANT_NOT_FOUND, message, metadata: { tenant_id: tenantId } });
}

export function missing(field: string): Decision {
  return refuse({ reason: Reason.INVALID_FIELD, message: `${field} is required.`, metadata: { field } });
}

/** `beyondMax`: what free slots of the part lie beyond; 0: there are none. `last`: it is all there is of the lot. `which`: the lot and the part, where whoever asks did not name them. */
export function partFull(
  { beyondMax, lotId, last }: Extract<Place, { readonly kind: 'part-full' }>,
  which: Pick<PartFull, 'lotId' | 'part'> = {},
): Decision {
  const answer = answerOf({ $case: 'partFull', value: { beyondMax, ...which } });
  return { kind: 'answer', answer, fence: true, fullLotId: last ? lotId : undefined };
}

type Found = { readonly kind: 'entry'; readonly entry: SlotEntry; readonly alive: boolean };
