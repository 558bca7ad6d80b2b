import { DEFAULT_LOT } from '@parkade/ids';
import { type Command, FailedRecallNext, Reason, ReleaseCause } from '@parkade/proto';
import { durationMs } from '@parkade/rpc';
import type { TenantView } from '@parkade/settings';
import type { Change } from '../../commit/write.js';
import { type SlotCommand, step } from '../../machine/index.js';
import type { Operation } from '../operation.js';
import { answerOf } from '../pending.js';
import type { SlotEntry } from '../slot-table.js';
import { arrive } from './arrive.js';
import { complete } from './complete.js';
import { type DecideContext, type Decision, findPark, refuse, run, stepContext, tenantNotFound } from './decision.js';
import { holdForMove, move } from './move.js';
import { getPark, getSlot } from './read.js';
import { renewPolicy } from './renew.js';
import { parkOrRetrieve, retrieve } from './take.js';

/**
 * Decides a command against the committed state. Changes nothing. Where the tenant is gone from the settings nothing new is parked;
 * what is parked is retrieved, given back, rung back, extended and released as ever.
 */
export function decide(command: Command, op: Operation, tenant: TenantView | undefined, ctx: DecideContext): Decision {
  switch (op.$case) {
    case 'park':
    case 'reserve':
      return tenant === undefined
        ? tenantNotFound(op.value.tenantId)
        : arrive(op.$case, op.value, command, tenant, ctx);
    case 'parkOrRetrieve':
      return parkOrRetrieve(op.value, command, tenant, ctx);
    case 'retrieve':
    case 'beginRetrieve':
      return retrieve(op.value, op.$case === 'beginRetrieve', tenant, ctx);
    case 'completeReservation':
      return complete(op.value, command, tenant, ctx);
    case 'claimPickup':
      return byPark(op.value, { kind: 'claim-pickup', ...op.value }, ctx);
    case 'confirmRetrieve':
      return byPark(op.value, { kind: 'confirm-retrieve', ...op.value }, ctx);
    case 'giveBackRetrieve':
      return byPark(op.value, { kind: 'give-back', ...op.value }, ctx);
    case 'release': {
      const cause = releaseCause(op.value.cause);
      const callId = op.value.callId === '' ? undefined : op.value.callId;
      const destination = op.value.destination ?? '';
      return byPark(op.value, { kind: 'release', ...op.value, cause, callId, destination }, ctx);
    }
    case 'extendPark': {
      const recallInMs = op.value.recallIn === undefined ? 0 : durationMs(op.value.recallIn);
      return byPark(op.value, { kind: 'extend', ...op.value, recallInMs }, ctx);
    }
    case 'renewPolicy':
      return renewPolicy(op.value, tenant, ctx);
    case 'beginRecall':
      return byPark(op.value, { kind: 'begin-recall', ...op.value }, ctx);
    case 'noteRecall':
      return byPark(op.value, { kind: 'note-recall', ...op.value }, ctx);
    case 'endRecall': {
      const next = op.value.next ?? FailedRecallNext.UNSPECIFIED;
      return byPark(op.value, { kind: 'end-recall', ...op.value, next }, ctx);
    }
    case 'getSlot':
      return getSlot(op.value.tenantId, op.value.slot, op.value.consistency, ctx);
    case 'getPark':
      return getPark(
        op.value.by?.$case === 'parkId' ? op.value.by.value : '',
        op.value.tenantId,
        op.value.consistency,
        ctx,
      );
    case 'move':
      return move(op.value, tenant, ctx);
    case 'holdForMove':
      return tenant === undefined
        ? tenantNotFound(op.value.request?.tenantId ?? '')
        : holdForMove(op.value, tenant, ctx);
    case 'settleMove': {
      const { tenantId, slot, moveId, drop } = op.value;
      const entry = ctx.table.find(tenantId, slot?.lotId || DEFAULT_LOT, slot?.slot ?? '');
      if (entry?.held !== true) return { kind: 'answer', answer: answerOf(undefined), fence: false };
      return { kind: 'settle', entry, moveId, drop };
    }
    case 'routeChoice':
      return refuse({ reason: Reason.INTERNAL, message: 'A route is decided by the shard.', metadata: {} });
  }
}

/** Decides what time does to a slot; undefined: nothing is due. */
export function decideTick(entry: SlotEntry, ctx: DecideContext): Change | undefined {
  const { tenantId, lotId } = entry.name;
  const tenant = ctx.settings.tenant(tenantId);
  const result = step(entry.record, { kind: 'tick' }, stepContext(entry, lotId, tenant, ctx));
  return result.kind === 'apply' ? { entry, record: result.record } : undefined;
}

function byPark(at: { tenantId: string; parkId: string }, command: SlotCommand, ctx: DecideContext): Decision {
  const found = findPark(at.parkId, at.tenantId, ctx);
  if (found.kind === 'answer') return found;
  if (found.entry.writing || found.entry.held) return { kind: 'wait', entry: found.entry };
  return run(found.entry, command, ctx);
}

function releaseCause(cause: ReleaseCause): Extract<SlotCommand, { kind: 'release' }>['cause'] {
  switch (cause) {
    case ReleaseCause.UNSPECIFIED:
    case ReleaseCause.RELEASED:
      return 'released';
    case ReleaseCause.ABANDONED:
      return 'abandoned';
    case ReleaseCause.TRANSFER:
      return 'transfer';
    case ReleaseCause.ESCAPED:
      return 'escaped';
  }
}
