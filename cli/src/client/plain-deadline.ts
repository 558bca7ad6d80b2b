import { type Deadline, ParkState } from '@parkade/proto';
import { callerOf, isoTime, plainCall, plainParker, stateName } from './plain-park.js';
import { placeOf, untilWords } from './sentences.js';

/** A deadline as `--json` prints it; as `plainPark`. */
export function plainDeadline(deadline: Deadline): Record<string, unknown> {
  const { call, parker } = deadline;
  return {
    park_id: deadline.parkId,
    tenant: deadline.tenantId,
    lot: deadline.lotId,
    slot: deadline.slot,
    state: stateName(deadline.state),
    call: call === undefined ? null : plainCall(call),
    parker: parker === undefined ? null : plainParker(parker),
    recall_at: isoTime(deadline.recallAt),
    attempt: deadline.attempt,
    revision: deadline.revision,
  };
}

/** `Ada 555 in 701 comes back in 2m0s, park id …`. */
export function deadlineLine(deadline: Deadline, nowMs: number): string {
  const rings = deadline.state === ParkState.RINGBACK;
  const when = rings ? 'is being brought back' : `comes back ${untilWords(deadline.recallAt, nowMs)}`;
  return `${callerOf(deadline.call)} in ${placeOf(deadline)} ${when}, park id ${deadline.parkId}`;
}
