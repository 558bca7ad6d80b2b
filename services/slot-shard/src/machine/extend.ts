import { type SlotRecord, TransitionKind } from '@parkade/proto';
import { changed } from './apply.js';
import { withPark } from './named-park.js';
import { refuseState } from './refusal.js';
import type { SlotCommand, Step, StepContext } from './types.js';

/**
 * Sets the deadline anew, counted from now; 0 means never (R12). Only a park that waits unrung has one: a ringing one is past
 * it, and that of one being retrieved is kept as it was.
 */
export function extend(record: SlotRecord, command: Extract<SlotCommand, { kind: 'extend' }>, ctx: StepContext): Step {
  return withPark(record, command.parkId, (park) => {
    if (park.state?.$case !== 'parked') return refuseState(park, 'extended');
    const recallAtMs = command.recallInMs === 0 ? 0 : ctx.nowMs + command.recallInMs;
    return changed(
      record,
      ctx,
      { ...park, state: { $case: 'parked', value: { recallAtMs } } },
      {
        kind: TransitionKind.EXTENDED,
        requestId: command.requestId,
      },
    );
  });
}
