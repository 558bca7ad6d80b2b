import { Reason } from '@parkade/proto';
import type { Announcements } from '../config.js';

/** What whoever dials hears when his call is refused (R11): each kind of reason is told apart. */
export function announcementOf(reason: Reason | undefined, sounds: Announcements): string {
  switch (reason) {
    case Reason.SLOT_OCCUPIED:
    case Reason.SLOT_RESERVED:
    case Reason.SLOT_RETRIEVING:
    case Reason.CALL_ALREADY_PARKED:
      return sounds.inUse;
    case Reason.LOT_FULL:
    case Reason.GROUP_FULL:
    case Reason.MAX_SLOT_EXCEEDED:
    case Reason.QUOTA_EXCEEDED:
    case Reason.RATE_EXCEEDED:
    case Reason.OVERLOADED:
      return sounds.full;
    case Reason.DISABLED:
      return sounds.disabled;
    case Reason.SLOT_EMPTY:
      return sounds.empty;
    default:
      return sounds.failed;
  }
}

/** Why a call comes back to who wanted to park it, in a few words for his phone's display. */
export function shortReason(reason: Reason | undefined): string {
  switch (reason) {
    case Reason.SLOT_OCCUPIED:
    case Reason.SLOT_RESERVED:
    case Reason.SLOT_RETRIEVING:
      return 'slot in use';
    case Reason.CALL_ALREADY_PARKED:
      return 'parked already';
    case Reason.LOT_FULL:
    case Reason.MAX_SLOT_EXCEEDED:
      return 'all slots in use';
    case Reason.QUOTA_EXCEEDED:
    case Reason.RATE_EXCEEDED:
      return 'too many calls parked';
    case Reason.GROUP_FULL:
      return 'nobody free';
    case Reason.DISABLED:
      return 'parking is off';
    case Reason.SLOT_NOT_FOUND:
    case Reason.LOT_NOT_FOUND:
    case Reason.GROUP_NOT_FOUND:
      return 'no such slot';
    default:
      return 'not possible';
  }
}
