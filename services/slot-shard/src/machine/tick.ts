import { type SlotRecord, TransitionKind } from '@parkade/proto';
import { departed } from './apply.js';
import { nextDue } from './due.js';
import { holdEnded } from './move.js';
import { givenBack } from './retrieve.js';
import type { Step, StepContext } from './types.js';

/** The one change that is most overdue; of two that are equally overdue, the older park's. */
export function tick(record: SlotRecord, ctx: StepContext): Step {
  const due = nextDue(record);
  if (due === undefined || due.atMs > ctx.nowMs) return { kind: 'nothing' };
  const { park } = due;
  switch (park.state?.$case) {
    case 'retrieving':
      return givenBack(record, ctx, park, park.state.value, '', 'timeout');
    case 'reserved':
      return departed(record, ctx, park, {
        kind: TransitionKind.RESERVATION_ENDED,
        requestId: '',
        reason: park.state.value.untilMs === 0 ? 'expired' : 'timeout',
      });
    case 'incoming':
      return holdEnded(record, ctx, park, '', 'timeout');
    case 'parked':
    case 'ringback':
    case undefined:
      return { kind: 'nothing' };
  }
}
