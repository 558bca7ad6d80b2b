import { MediaControl, type ParkRecord, Reason, type SlotName, type SlotRecord, TransitionKind } from '@parkade/proto';
import { withLampOf } from '@parkade/settings';
import { departed, dropped, entered } from './apply.js';
import { noRoom, usedId } from './arrive.js';
import { withPark } from './named-park.js';
import { parkOfCall } from './parks.js';
import { refuse, refuseCallParked, refuseOccupied, refuseState } from './refusal.js';
import type { SlotCommand, Step, StepContext } from './types.js';

type MoveIn = Extract<SlotCommand, { kind: 'move-in' }>;

/** The source's half: only a park that waits unrung moves; the others are somebody's business just now. */
export function moveOut(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'move-out' }>,
  ctx: StepContext,
): Step {
  return withPark(record, command.parkId, (park) => {
    if (park.state?.$case !== 'parked') return refuseState(park, 'moved');
    if (isSameSlot(command.to, ctx.name)) return refuseOccupied(record, ctx);
    return departed(record, ctx, park, {
      kind: TransitionKind.MOVED_OUT,
      requestId: command.requestId,
      other: command.to,
      otherParkId: command.nextParkId,
    });
  });
}

/**
 * The destination's half. The park keeps its call, parker, note, deadline and count of recalls; its lamp is the new slot's.
 * It takes its place by when it was parked: whoever waits the longest is the oldest here, too.
 */
export function moveIn(record: SlotRecord, command: MoveIn, ctx: StepContext): Step {
  if (command.park.state?.$case !== 'parked') return refuseState(command.park, 'moved');
  const already = command.park.call === undefined ? undefined : parkOfCall(record, command.park.call);
  if (already !== undefined) return refuseCallParked(already, ctx);
  const cleared = command.holdMoveId === undefined ? record : withoutHold(record, command, command.holdMoveId);
  if (cleared === undefined) {
    return refuse(Reason.WRONG_STATE, `Slot ${ctx.name.slot} is not held for this move any more.`, {
      state: 'dropped',
    });
  }
  // The hold was counted when it was made: what takes its place needs no room of its own.
  const refused =
    command.holdMoveId === undefined ? noRoom(cleared, command.parkId, ctx) : usedId(cleared, command.parkId);
  if (refused !== undefined) return refused;
  const moved = arrived(command);
  const index = cleared.parks.findIndex((each) => each.parkedAtMs > moved.parkedAtMs);
  const facts = {
    kind: TransitionKind.MOVED_IN,
    requestId: command.requestId,
    other: command.from,
    otherParkId: command.park.parkId,
  };
  return entered(cleared, ctx, moved, facts, index === -1 ? undefined : index);
}

/** Holds the slot for a park of another shard. The hold counts as taken; once a move. */
export function holdForMove(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'hold-for-move' }>,
  ctx: StepContext,
): Step {
  if (findHold(record, command.requestId) !== undefined) return refuseOccupied(record, ctx);
  const refused = noRoom(record, command.parkId, ctx);
  if (refused !== undefined) return refused;
  const value = { moveId: command.requestId, fromParkId: command.fromParkId, untilMs: command.untilMs };
  const hold: ParkRecord = {
    parkId: command.parkId,
    call: undefined,
    parker: undefined,
    note: '',
    parkedAtMs: ctx.nowMs,
    policy: undefined,
    mediaControl: MediaControl.UNSPECIFIED,
    recallAttempt: 0,
    state: { $case: 'incoming', value },
    previousParkId: '',
  };
  return entered(record, ctx, hold, {
    kind: TransitionKind.MOVE_HELD,
    requestId: command.requestId,
    otherParkId: command.fromParkId,
  });
}

/** The source refused: the hold ends. A hold that is gone already leaves nothing to do. */
export function dropHold(record: SlotRecord, moveId: string, ctx: StepContext): Step {
  const hold = findHold(record, moveId);
  return hold === undefined ? { kind: 'nothing' } : holdEnded(record, ctx, hold, moveId, 'dropped');
}

/** A hold ends without its move; `requestId` empty: time ended it. */
export function holdEnded(
  record: SlotRecord,
  ctx: StepContext,
  hold: ParkRecord,
  requestId: string,
  reason: string,
): Step {
  const otherParkId = hold.state?.$case === 'incoming' ? hold.state.value.fromParkId : '';
  return dropped(record, ctx, hold, { kind: TransitionKind.MOVE_DROPPED, requestId, reason, otherParkId });
}

function findHold(record: SlotRecord, moveId: string): ParkRecord | undefined {
  return record.parks.find((park) => park.state?.$case === 'incoming' && park.state.value.moveId === moveId);
}

/** The record without the hold that was made for this very park; undefined when there is none. */
function withoutHold(record: SlotRecord, command: MoveIn, moveId: string): SlotRecord | undefined {
  const hold = findHold(record, moveId);
  if (hold?.parkId !== command.parkId || hold.state?.$case !== 'incoming') return undefined;
  if (hold.state.value.fromParkId !== command.park.parkId) return undefined;
  return { ...record, parks: record.parks.filter((park) => park !== hold) };
}

function arrived({ park, parkId, policy }: MoveIn): ParkRecord {
  return {
    ...park,
    parkId,
    policy: withLampOf(park.policy ?? policy, policy),
    previousParkId: park.parkId,
  };
}

function isSameSlot(a: SlotName, b: SlotName): boolean {
  return a.tenantId === b.tenantId && a.lotId === b.lotId && a.slot === b.slot;
}
