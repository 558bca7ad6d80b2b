import { Reason } from '@parkade/proto';
import type { SlotState } from './decision-table.js';

/**
 * The state a slot was found in, by the refusal of its owner; undefined: the refusal is about something else. What is not known
 * counts as held.
 */
export function slotStateOf(reason: Reason, metadata: Readonly<Record<string, string>>): SlotState | undefined {
  switch (reason) {
    case Reason.SLOT_EMPTY:
      return 'free';
    case Reason.SLOT_RESERVED:
      return 'reserved';
    case Reason.SLOT_RETRIEVING:
      return 'retrieving';
    case Reason.SLOT_OCCUPIED: {
      const state = metadata['state'];
      return state === 'reserved' || state === 'retrieving' ? state : 'held';
    }
    case Reason.LOT_FULL:
    case Reason.MAX_SLOT_EXCEEDED:
    case Reason.QUOTA_EXCEEDED:
      return 'none';
    default:
      return undefined;
  }
}
