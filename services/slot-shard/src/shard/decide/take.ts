import { DEFAULT_LOT, EXTENSION_LOT, newRequestId } from '@parkade/ids';
import { type CallRef, type Command, OnOccupied, Reason, type RetrieveRequest } from '@parkade/proto';
import { durationMs } from '@parkade/rpc';
import type { TenantView } from '@parkade/settings';
import type { Operation } from '../operation.js';
import { answerOf } from '../pending.js';
import type { SlotEntry } from '../slot-table.js';
import { arrive } from './arrive.js';
import { type DecideContext, type Decision, findPark, missing, refuse, run, tenantNotFound } from './decision.js';

/** How long a retrieve may stay unconfirmed where the request does not say. */
const DEFAULT_GIVE_UP_MS = 10_000;

export function parkOrRetrieve(
  request: Extract<Operation, { $case: 'parkOrRetrieve' }>['value'],
  command: Command,
  tenant: TenantView | undefined,
  ctx: DecideContext,
): Decision {
  if (request.slot === undefined || request.call === undefined) return missing('slot');
  const lotId = request.slot.lotId || DEFAULT_LOT;
  const entry = ctx.table.find(request.tenantId, lotId, request.slot.slot);
  if (entry !== undefined && (entry.writing || entry.held)) return { kind: 'wait', entry };
  if (entry?.record === undefined || entry.record.parks.length === 0) {
    if (tenant === undefined) return tenantNotFound(request.tenantId);
    const target = { kind: { $case: 'slot' as const, value: request.slot } };
    const { requestId, tenantId, call, parker, note, mediaControl, overrides, flow } = request;
    return arrive(
      request.reserve === true ? 'reserve' : 'park',
      { requestId, tenantId, target, call, parker, note, mediaControl, overrides, flow, onOccupied: OnOccupied.REJECT },
      command,
      tenant,
      ctx,
    );
  }
  const { requestId, call: by, beginOnly: begin } = request;
  const taken = take(entry, undefined, { requestId, by, begin, giveUpMs: DEFAULT_GIVE_UP_MS }, ctx);
  if (taken.kind !== 'write' || taken.answer.result?.$case !== 'park') return taken;
  return { ...taken, answer: answerOf({ $case: 'retrieved', value: taken.answer.result.value }) };
}

export function retrieve(
  request: RetrieveRequest,
  begin: boolean,
  tenant: TenantView | undefined,
  ctx: DecideContext,
): Decision {
  if (request.retriever === undefined) return missing('retriever');
  const giveUpMs = request.giveUpAfter === undefined ? DEFAULT_GIVE_UP_MS : durationMs(request.giveUpAfter);
  const { pickupDigest } = request;
  const take1 = (entry: SlotEntry, parkId: string | undefined): Decision =>
    request.retriever === undefined
      ? missing('retriever')
      : take(
          entry,
          parkId,
          { requestId: request.requestId, by: request.retriever, begin, giveUpMs, pickupDigest },
          ctx,
        );
  switch (request.from?.$case) {
    case 'parkId': {
      const parkId = request.from.value;
      const found = findPark(parkId, request.tenantId, ctx);
      return found.kind === 'entry' ? take1(found.entry, parkId) : found;
    }
    case 'slot':
    case 'extension': {
      const lotId = request.from.$case === 'slot' ? request.from.value.lotId || DEFAULT_LOT : EXTENSION_LOT;
      const slot = request.from.$case === 'slot' ? request.from.value.slot : request.from.value.extension;
      // Settings that are gone keep nobody from a call that is parked there.
      const entry = ctx.table.find(request.tenantId, lotId, slot);
      const parked = entry !== undefined && (entry.writing || (entry.record?.parks.length ?? 0) > 0);
      if (!parked && tenant === undefined) return tenantNotFound(request.tenantId);
      if (!parked && tenant?.lot(lotId) === undefined) {
        return refuse({
          reason: Reason.LOT_NOT_FOUND,
          message: `There is no lot ${lotId}.`,
          metadata: { lot_id: lotId },
        });
      }
      if (entry === undefined) {
        return refuse({ reason: Reason.SLOT_EMPTY, message: `Nobody is parked in slot ${slot}.`, metadata: { slot } });
      }
      return take1(entry, undefined);
    }
    case undefined:
      return missing('from');
  }
}

/** Who takes it, and how. */
interface Taker {
  readonly requestId: string;
  readonly by: CallRef;
  readonly begin: boolean;
  readonly giveUpMs: number;
  readonly pickupDigest?: Uint8Array | undefined;
}

function take(entry: SlotEntry, parkId: string | undefined, taker: Taker, ctx: DecideContext): Decision {
  if (entry.writing || entry.held) return { kind: 'wait', entry };
  const { requestId, by, begin, giveUpMs: giveUpAfterMs, pickupDigest } = taker;
  if (!begin) return run(entry, { kind: 'retrieve', requestId, parkId, by }, ctx);
  const retrieveId = newRequestId(ctx.clock.nowMs(), ctx.random);
  return run(entry, { kind: 'begin-retrieve', requestId, parkId, retrieveId, by, giveUpAfterMs, pickupDigest }, ctx);
}
