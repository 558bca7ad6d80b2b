import { TransitionKind } from '@parkade/proto';

/** What takes a park out of its slot. */
export const PARK_ENDS: ReadonlySet<TransitionKind> = new Set([
  TransitionKind.RETRIEVED,
  TransitionKind.RELEASED,
  TransitionKind.ABANDONED,
  TransitionKind.MOVED_OUT,
  TransitionKind.EXPIRED,
  TransitionKind.RECALL_ANSWERED,
  TransitionKind.BRANCHED,
  TransitionKind.ESCAPED,
]);

/** What happens to a park that rings and does not end that. */
export const RINGS_ON: ReadonlySet<TransitionKind> = new Set([TransitionKind.RINGBACK_NOTED, TransitionKind.EXTENDED]);
