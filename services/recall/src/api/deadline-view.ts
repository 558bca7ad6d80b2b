import type { Deadline, Park } from '@parkade/proto';

/** A park as a deadline. */
export function deadlineView(park: Park): Deadline {
  const { parkId, tenantId, lotId, slot, call, parker, state, recallAt, recallAttempt: attempt, revision } = park;
  return { parkId, tenantId, lotId, slot, call, parker, state, recallAt, attempt, revision };
}
