import { TransitionKind } from '@parkade/proto';

/**
 * The public word for how a park ended: one of those `Park.end_reason` documents. Who answers a recall has the call:
 * `retrieved`. A reservation that ends lost its consulting call: `abandoned`.
 */
export function endReason(kind: TransitionKind): string {
  switch (kind) {
    case TransitionKind.RETRIEVED:
    case TransitionKind.RECALL_ANSWERED:
      return 'retrieved';
    case TransitionKind.ABANDONED:
    case TransitionKind.RESERVATION_ENDED:
      return 'abandoned';
    case TransitionKind.MOVED_OUT:
      return 'moved';
    case TransitionKind.EXPIRED:
      return 'expired';
    case TransitionKind.BRANCHED:
      return 'branched';
    case TransitionKind.ESCAPED:
      return 'escaped';
    default:
      return 'released';
  }
}
