import { DEFAULT_LOT, newParkId, slotShard } from '@parkade/ids';
import { type CommandAnswer, PresenceType, Reason, type SlotRecord } from '@parkade/proto';
import type { TenantView } from '@parkade/settings';
import { parkView } from '@parkade/slots';
import { step } from '../../machine/index.js';
import type { Operation } from '../operation.js';
import { answerOf } from '../pending.js';
import { place, policyFor } from '../place.js';
import { placeContext } from './arrive.js';
import {
  type DecideContext,
  type Decision,
  findPark,
  missing,
  partFull,
  refuse,
  stepContext,
  stepDecision,
  stepOn,
  tenantNotFound,
} from './decision.js';

/** How long a slot is held for a park that comes from another shard. */
const MOVE_HOLD_MS = 10_000;

export function move(
  value: Extract<Operation, { $case: 'move' }>['value'],
  tenant: TenantView | undefined,
  ctx: DecideContext,
): Decision {
  const { request, hold } = value;
  if (request?.slot === undefined) return missing('slot');
  const found = findPark(request.parkId, request.tenantId, ctx);
  if (found.kind !== 'entry') return found;
  const source = found.entry;
  if (source.writing || source.held) return { kind: 'wait', entry: source };
  const park = source.record?.parks.find((candidate) => candidate.parkId === request.parkId);
  const to = { tenantId: request.tenantId, lotId: request.slot.lotId || DEFAULT_LOT, slot: request.slot.slot };
  if (hold?.record !== undefined) {
    const nextParkId = hold.record.parks.find((held) => held.state?.$case === 'incoming')?.parkId ?? '';
    const out = stepOn(
      source,
      { kind: 'move-out', requestId: request.requestId, parkId: request.parkId, to, nextParkId },
      ctx,
    );
    if (out.kind !== 'apply' || park === undefined) return stepDecision(out, source, ctx);
    const into = step(
      hold.record,
      {
        kind: 'move-in',
        requestId: request.requestId,
        park,
        parkId: nextParkId,
        policy: hold.policy ?? park.policy ?? emptyPolicy(),
        from: source.name,
        holdMoveId: request.requestId,
      },
      { ...stepContext(source, to.lotId, tenant, ctx), name: to, revision: hold.recordRevision },
    );
    if (into.kind !== 'apply') return stepDecision(into, source, ctx);
    return {
      kind: 'move-across',
      change: { entry: source, record: out.record },
      to: { shard: hold.shard, epoch: hold.epoch, recordRevision: hold.recordRevision, record: into.record },
      answer: answerOf({ $case: 'park', value: parkView(to, into.park, 0) }),
    };
  }
  if (tenant === undefined) return tenantNotFound(request.tenantId);
  const lot = tenant.lot(to.lotId);
  const at = place({ kind: { $case: 'slot', value: request.slot } }, placeContext(undefined, tenant, '', ctx));
  if (at.kind === 'refuse') return refuse(at.refusal);
  if (lot === undefined || slotShard(to.tenantId, to.lotId, to.slot, lot.spread, ctx.shardCount) !== ctx.shard) {
    return refuse({ reason: Reason.INTERNAL, message: 'The destination is on another shard.', metadata: {} });
  }
  const entry = ctx.table.entry(to.tenantId, to.lotId, to.slot);
  if (entry.writing || entry.held) return { kind: 'wait', entry };
  const nextParkId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const out = stepOn(
    source,
    { kind: 'move-out', requestId: request.requestId, parkId: request.parkId, to, nextParkId },
    ctx,
  );
  if (out.kind !== 'apply' || park === undefined) {
    ctx.table.dropUnused(entry);
    return stepDecision(out, source, ctx);
  }
  if (entry === source) {
    return refuse({
      reason: Reason.SLOT_OCCUPIED,
      message: 'The call is in that slot already.',
      metadata: { slot: to.slot },
    });
  }
  const into = stepOn(
    entry,
    {
      kind: 'move-in',
      requestId: request.requestId,
      park,
      parkId: nextParkId,
      policy: policyFor(lot, to.slot, undefined, { settings: ctx.settings, tenant }),
      from: source.name,
      holdMoveId: undefined,
    },
    ctx,
  );
  if (into.kind !== 'apply') return stepDecision(into, entry, ctx);
  return {
    kind: 'write',
    changes: [
      { entry: source, record: out.record },
      { entry, record: into.record },
    ],
    answer: answerOf({ $case: 'park', value: parkView(to, into.park, 0) }),
  };
}

export function holdForMove(
  value: Extract<Operation, { $case: 'holdForMove' }>['value'],
  tenant: TenantView,
  ctx: DecideContext,
): Decision {
  const { request } = value;
  if (request?.slot === undefined) return missing('slot');
  const parkId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const at = place({ kind: { $case: 'slot', value: request.slot } }, placeContext(undefined, tenant, parkId, ctx));
  if (at.kind === 'refuse') return refuse(at.refusal);
  if (at.kind === 'part-full') return partFull(at);
  const entry = ctx.table.entry(request.tenantId, at.lot.lot_id, at.slot);
  if (entry.writing || entry.held) return { kind: 'wait', entry };
  const result = stepOn(
    entry,
    {
      kind: 'hold-for-move',
      requestId: request.requestId,
      parkId,
      fromParkId: request.parkId,
      untilMs: ctx.clock.nowMs() + MOVE_HOLD_MS,
    },
    ctx,
  );
  if (result.kind !== 'apply') return stepDecision(result, entry, ctx);
  const policy = policyFor(at.lot, at.slot, undefined, { settings: ctx.settings, tenant });
  return {
    kind: 'write',
    changes: [{ entry, record: result.record }],
    answer: answerOf({
      $case: 'hold',
      value: { shard: ctx.shard, epoch: ctx.epoch, recordRevision: 0, record: result.record, policy },
    }),
  };
}

/**
 * What a replay of a hold is answered: the hold as it stands now. Its first answer names the epoch it was made under; under
 * another one the move would be refused for ever. Once the hold is gone the first answer stays: the source knows how it ended.
 */
export function holdAsItStands(answer: CommandAnswer, moveId: string, ctx: DecideContext): CommandAnswer {
  if (answer.result?.$case !== 'hold') return answer;
  const name = answer.result.value.record?.name;
  const entry = name === undefined ? undefined : ctx.table.find(name.tenantId, name.lotId, name.slot);
  const stands = entry?.record?.parks.some(({ state }) => state?.$case === 'incoming' && state.value.moveId === moveId);
  if (entry === undefined || stands !== true) return answer;
  const value = { ...answer.result.value, epoch: ctx.epoch, recordRevision: entry.revision, record: entry.record };
  return { ...answer, result: { $case: 'hold', value } };
}

function emptyPolicy(): NonNullable<SlotRecord['parks'][number]['policy']> {
  return {
    ringbackTimeoutMs: 0,
    callbackTimeoutMs: 0,
    presenceType: PresenceType.EARLY,
    presenceId: '',
    maxParkMs: 0,
    settingsRevision: 0,
  };
}
