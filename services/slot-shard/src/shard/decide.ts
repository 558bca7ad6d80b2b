import type { Clock, Random } from '@parkade/clock';
import { DEFAULT_LOT, EXTENSION_LOT, HOLDING_LOT, newParkId, newRequestId, slotShard } from '@parkade/ids';
import {
  type Command,
  type CommandAnswer,
  Consistency,
  MediaControl,
  OnOccupied,
  type ParkRequest,
  Reason,
  ReleaseCause,
  type ReserveRequest,
  type RetrieveRequest,
  type SlotRecord,
} from '@parkade/proto';
import { durationMs } from '@parkade/rpc';
import { resolveTransferGraceMs, type SettingsCache, type TenantView } from '@parkade/settings';
import type { Change } from '../commit/write.js';
import { parkView, type RefusalData, slotView, step, type SlotCommand, type StepContext } from '../machine/index.js';
import { refuseGone } from '../machine/refusal.js';
import type { Operation } from './operation.js';
import { answerOf, refusalAnswer } from './pending.js';
import { onOccupied, place, type PlaceContext, placeNextFree, policyFor } from './place.js';
import type { SlotEntry, SlotTable } from './slot-table.js';

/** How long a slot is held for a park that comes from another shard. */
const MOVE_HOLD_MS = 10_000;
const DEFAULT_GIVE_UP_MS = 10_000;

/** What is to be done for a command. */
export type Decision =
  /** Write the changes, then answer; `arriving`: the call that comes to the first change's slot. */
  | { readonly kind: 'write'; readonly changes: readonly Change[]; readonly answer: CommandAnswer }
  /** Nothing changes; the answer must be proved unless `answer.fenced` is false on purpose. */
  | { readonly kind: 'answer'; readonly answer: CommandAnswer; readonly fence: boolean }
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
}

/** Decides a command against the committed state. Changes nothing. */
export function decide(command: Command, op: Operation, tenant: TenantView, ctx: DecideContext): Decision {
  switch (op.$case) {
    case 'park':
      return arrive('park', op.value, command, tenant, ctx);
    case 'reserve':
      return arrive('reserve', op.value, command, tenant, ctx);
    case 'parkOrRetrieve':
      return parkOrRetrieve(op.value, command, tenant, ctx);
    case 'retrieve':
    case 'beginRetrieve':
      return retrieve(op.value, op.$case === 'beginRetrieve', tenant, ctx);
    case 'completeReservation':
      return complete(op.value, command, tenant, ctx);
    case 'confirmRetrieve':
      return byPark(op.value, { kind: 'confirm-retrieve', ...op.value }, ctx);
    case 'giveBackRetrieve':
      return byPark(op.value, { kind: 'give-back', ...op.value }, ctx);
    case 'release': {
      const cause = releaseCause(op.value.cause);
      const callId = op.value.callId === '' ? undefined : op.value.callId;
      return byPark(op.value, { kind: 'release', ...op.value, cause, callId }, ctx);
    }
    case 'extendPark': {
      const recallInMs = op.value.recallIn === undefined ? 0 : durationMs(op.value.recallIn);
      return byPark(op.value, { kind: 'extend', ...op.value, recallInMs }, ctx);
    }
    case 'beginRecall':
      return byPark(op.value, { kind: 'begin-recall', ...op.value }, ctx);
    case 'noteRecall':
      return byPark(op.value, { kind: 'note-recall', ...op.value }, ctx);
    case 'endRecall':
      return byPark(op.value, { kind: 'end-recall', ...op.value }, ctx);
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
      return holdForMove(op.value, tenant, ctx);
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

function arrive(
  kind: 'park' | 'reserve',
  request: ParkRequest | ReserveRequest,
  command: Command,
  tenant: TenantView,
  ctx: DecideContext,
): Decision {
  const parkId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const placing = placeContext(command, tenant, parkId, ctx);
  const parked = request.call === undefined ? undefined : ctx.table.byCall(request.tenantId, request.call);
  const at = place(request.target, placing);
  if (at.kind === 'part-full') return partFull();
  if (at.kind === 'refuse') return refuse(at.refusal);
  const first = arriveAt(kind, request, at.lot.lot_id, at.slot, parkId, parked, placing, ctx);
  if (first.kind !== 'answer' || !isTaken(first.answer)) return first;
  const instead = 'onOccupied' in request ? onOccupied(request.onOccupied, at.lot) : OnOccupied.REJECT;
  if (instead !== OnOccupied.NEXT_FREE) return first;
  const next = placeNextFree(at.lot.lot_id, placing);
  if (next.kind === 'part-full') return partFull();
  if (next.kind === 'refuse') return refuse(next.refusal);
  return arriveAt(kind, request, next.lot.lot_id, next.slot, parkId, parked, placing, ctx);
}

function arriveAt(
  kind: 'park' | 'reserve',
  request: ParkRequest | ReserveRequest,
  lotId: string,
  slot: string,
  parkId: string,
  parked: SlotEntry | undefined,
  placing: PlaceContext,
  ctx: DecideContext,
): Decision {
  const lot = placing.tenant.lot(lotId);
  if (lot === undefined || request.call === undefined) return missing('call');
  const known = ctx.table.find(request.tenantId, lotId, slot);
  if (known !== undefined && (known.writing || known.held)) return { kind: 'wait', entry: known };
  if (parked !== undefined && parked !== known) {
    return parked.writing ? { kind: 'wait', entry: parked } : alreadyParked(parked, request);
  }
  const policy = policyFor(lot, slot, request.overrides, placing);
  const command: SlotCommand = {
    kind,
    requestId: request.requestId,
    parkId,
    call: request.call,
    parker: request.parker,
    note: request.note,
    // A call without a slot is rung back to its parker at once.
    policy: lotId === HOLDING_LOT ? { ...policy, ringbackTimeoutMs: 1 } : policy,
    mediaControl: request.mediaControl === MediaControl.UNSPECIFIED ? MediaControl.CALLER : request.mediaControl,
  };
  const entry = known ?? ctx.table.entry(request.tenantId, lotId, slot);
  return run(entry, command, ctx);
}

function parkOrRetrieve(
  request: Extract<Operation, { $case: 'parkOrRetrieve' }>['value'],
  command: Command,
  tenant: TenantView,
  ctx: DecideContext,
): Decision {
  if (request.slot === undefined || request.call === undefined) return missing('slot');
  const lotId = request.slot.lotId || DEFAULT_LOT;
  const entry = ctx.table.find(request.tenantId, lotId, request.slot.slot);
  if (entry !== undefined && (entry.writing || entry.held)) return { kind: 'wait', entry };
  if (entry?.record === undefined || entry.record.parks.length === 0) {
    const target = { kind: { $case: 'slot' as const, value: request.slot } };
    const { requestId, tenantId, call, parker, note, mediaControl, overrides } = request;
    return arrive(
      'park',
      { requestId, tenantId, target, call, parker, note, mediaControl, overrides, onOccupied: OnOccupied.REJECT },
      command,
      tenant,
      ctx,
    );
  }
  const taken = take(entry, undefined, request.requestId, request.call, request.beginOnly, DEFAULT_GIVE_UP_MS, ctx);
  if (taken.kind !== 'write' || taken.answer.result?.$case !== 'park') return taken;
  return { ...taken, answer: answerOf({ $case: 'retrieved', value: taken.answer.result.value }) };
}

function retrieve(request: RetrieveRequest, begin: boolean, tenant: TenantView, ctx: DecideContext): Decision {
  if (request.retriever === undefined) return missing('retriever');
  const giveUpMs = request.giveUpAfter === undefined ? DEFAULT_GIVE_UP_MS : durationMs(request.giveUpAfter);
  const take1 = (entry: SlotEntry, parkId: string | undefined): Decision =>
    request.retriever === undefined
      ? missing('retriever')
      : take(entry, parkId, request.requestId, request.retriever, begin, giveUpMs, ctx);
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
      if (tenant.lot(lotId) === undefined) {
        return refuse({
          reason: Reason.LOT_NOT_FOUND,
          message: `There is no lot ${lotId}.`,
          metadata: { lot_id: lotId },
        });
      }
      const entry = ctx.table.find(request.tenantId, lotId, slot);
      if (entry === undefined) {
        return refuse({ reason: Reason.SLOT_EMPTY, message: `Nobody is parked in slot ${slot}.`, metadata: { slot } });
      }
      return take1(entry, undefined);
    }
    case undefined:
      return missing('from');
  }
}

function take(
  entry: SlotEntry,
  parkId: string | undefined,
  requestId: string,
  by: NonNullable<RetrieveRequest['retriever']>,
  begin: boolean,
  giveUpAfterMs: number,
  ctx: DecideContext,
): Decision {
  if (entry.writing || entry.held) return { kind: 'wait', entry };
  if (!begin) return run(entry, { kind: 'retrieve', requestId, parkId, by }, ctx);
  const retrieveId = newRequestId(ctx.clock.nowMs(), ctx.random);
  return run(entry, { kind: 'begin-retrieve', requestId, parkId, retrieveId, by, giveUpAfterMs }, ctx);
}

/** A completion whose reservation ended parks in the next free slot of the lot: the caller is never dropped. */
function complete(
  request: Extract<Operation, { $case: 'completeReservation' }>['value'],
  command: Command,
  tenant: TenantView,
  ctx: DecideContext,
): Decision {
  if (request.call === undefined) return missing('call');
  const { requestId, parkId, call } = request;
  const found = findPark(parkId, request.tenantId, ctx);
  if (found.kind === 'answer') return found;
  if (found.entry.writing || found.entry.held) return { kind: 'wait', entry: found.entry };
  const swapped = run(found.entry, { kind: 'complete', requestId, parkId, call }, ctx);
  if (swapped.kind !== 'answer' || swapped.answer.result?.$case !== 'refusal') return swapped;
  if (swapped.answer.result.value.reason !== Reason.PARK_ENDED || found.alive) return swapped;
  const nextId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const placing = placeContext(command, tenant, nextId, ctx);
  const next = placeNextFree(found.entry.name.lotId, placing);
  if (next.kind === 'part-full') return partFull();
  if (next.kind === 'refuse') return refuse(next.refusal);
  const arrival = {
    requestId,
    tenantId: request.tenantId,
    target: undefined,
    call,
    parker: undefined,
    note: '',
    mediaControl: MediaControl.UNSPECIFIED,
    overrides: undefined,
  };
  return arriveAt('park', arrival, next.lot.lot_id, next.slot, nextId, undefined, placing, ctx);
}

function move(value: Extract<Operation, { $case: 'move' }>['value'], tenant: TenantView, ctx: DecideContext): Decision {
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
      { ...stepContext(source, to.lotId, tenant, ctx), name: to },
    );
    if (into.kind !== 'apply') return stepDecision(into, source, ctx);
    return {
      kind: 'move-across',
      change: { entry: source, record: out.record },
      to: { shard: hold.shard, epoch: hold.epoch, recordRevision: hold.recordRevision, record: into.record },
      answer: answerOf({ $case: 'park', value: parkView(to, into.park, 0) }),
    };
  }
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
  if (out.kind !== 'apply' || park === undefined) return stepDecision(out, source, ctx);
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

function holdForMove(
  value: Extract<Operation, { $case: 'holdForMove' }>['value'],
  tenant: TenantView,
  ctx: DecideContext,
): Decision {
  const { request } = value;
  if (request?.slot === undefined) return missing('slot');
  const parkId = newParkId(ctx.clock.nowMs(), ctx.shard, ctx.random);
  const at = place({ kind: { $case: 'slot', value: request.slot } }, placeContext(undefined, tenant, parkId, ctx));
  if (at.kind === 'refuse') return refuse(at.refusal);
  if (at.kind === 'part-full') return partFull();
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

function getSlot(
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

function getPark(parkId: string, tenantId: string, consistency: Consistency, ctx: DecideContext): Decision {
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

function byPark(at: { tenantId: string; parkId: string }, command: SlotCommand, ctx: DecideContext): Decision {
  const found = findPark(at.parkId, at.tenantId, ctx);
  if (found.kind === 'answer') return found;
  if (found.entry.writing || found.entry.held) return { kind: 'wait', entry: found.entry };
  return run(found.entry, command, ctx);
}

type Found = { readonly kind: 'entry'; readonly entry: SlotEntry; readonly alive: boolean };

/** The slot a park is in, or was in lately. Another tenant's park is not found (R23). */
function findPark(parkId: string, tenantId: string, ctx: DecideContext): Found | Extract<Decision, { kind: 'answer' }> {
  const alive = ctx.table.byPark(parkId);
  if (alive !== undefined)
    return alive.name.tenantId === tenantId ? { kind: 'entry', entry: alive, alive: true } : parkNotFound();
  const ended = ctx.table.byEndedPark(parkId);
  return ended?.name.tenantId === tenantId ? { kind: 'entry', entry: ended, alive: false } : parkNotFound();
}

function run(entry: SlotEntry, command: SlotCommand, ctx: DecideContext): Decision {
  return stepDecision(stepOn(entry, command, ctx), entry, ctx);
}

function stepOn(entry: SlotEntry, command: SlotCommand, ctx: DecideContext): ReturnType<typeof step> {
  const tenant = ctx.settings.tenant(entry.name.tenantId);
  return step(entry.record, command, stepContext(entry, entry.name.lotId, tenant, ctx));
}

function stepDecision(result: ReturnType<typeof step>, entry: SlotEntry, ctx: DecideContext): Decision {
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

function stepContext(entry: SlotEntry, lotId: string, tenant: TenantView | undefined, ctx: DecideContext): StepContext {
  const lot = tenant?.lot(lotId);
  return {
    nowMs: ctx.clock.nowMs(),
    name: entry.name,
    capacity: lot?.slot_capacity ?? 1,
    transferGraceMs:
      lot === undefined || tenant === undefined
        ? 5_000
        : resolveTransferGraceMs(lot, tenant.settings, ctx.settings.system),
  };
}

function placeContext(
  command: Command | undefined,
  tenant: TenantView,
  holdingSlot: string,
  ctx: DecideContext,
): PlaceContext {
  return {
    table: ctx.table,
    settings: ctx.settings,
    random: ctx.random,
    tenant,
    part: command?.part ?? 0,
    routedLot: command?.lotId ?? '',
    holdingSlot,
  };
}

function isTaken(answer: CommandAnswer): boolean {
  if (answer.result?.$case !== 'refusal') return false;
  const { reason } = answer.result.value;
  return reason === Reason.SLOT_OCCUPIED || reason === Reason.SLOT_RESERVED || reason === Reason.SLOT_RETRIEVING;
}

function alreadyParked(entry: SlotEntry, request: { readonly call: ParkRequest['call'] }): Decision {
  const park = entry.record?.parks.find(
    ({ call }) => call?.callId === request.call?.callId && call?.mediaNode === request.call?.mediaNode,
  );
  const { slot } = entry.name;
  return refuse({
    reason: Reason.CALL_ALREADY_PARKED,
    message: `The call is parked already in slot ${slot}.`,
    metadata: { park_id: park?.parkId ?? '', slot },
  });
}

function releaseCause(cause: ReleaseCause): 'released' | 'abandoned' | 'transfer' {
  switch (cause) {
    case ReleaseCause.UNSPECIFIED:
    case ReleaseCause.RELEASED:
      return 'released';
    case ReleaseCause.ABANDONED:
      return 'abandoned';
    case ReleaseCause.TRANSFER:
      return 'transfer';
  }
}

function refuse(refusal: RefusalData): Extract<Decision, { kind: 'answer' }> {
  return { kind: 'answer', answer: refusalAnswer(refusal.reason, refusal.message, refusal.metadata), fence: true };
}

function parkNotFound(): Extract<Decision, { kind: 'answer' }> {
  return refuse({
    reason: Reason.PARK_NOT_FOUND,
    message: 'No park with this id; it may have ended long ago.',
    metadata: {},
  });
}

function missing(field: string): Decision {
  return refuse({ reason: Reason.INVALID_FIELD, message: `${field} is required.`, metadata: { field } });
}

function partFull(): Decision {
  return { kind: 'answer', answer: answerOf({ $case: 'partFull', value: {} }), fence: true };
}

function emptyPolicy(): NonNullable<SlotRecord['parks'][number]['policy']> {
  return {
    ringbackTimeoutMs: 0,
    callbackTimeoutMs: 0,
    presenceType: 0,
    presenceId: '',
    maxParkMs: 0,
    settingsRevision: 0,
  };
}
