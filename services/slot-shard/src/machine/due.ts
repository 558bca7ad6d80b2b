import { MediaControl, type ParkRecord, type SlotRecord } from '@parkade/proto';

/**
 * When time alone changes the park, in wall ms; undefined: never.
 *
 * - A retrieve is given back by time only where the client moves the media. Where the cluster does, the facts at the switch
 *   decide, through confirm and give back.
 * - A reservation ends at the end of its grace period; while its consulting call is up it has no end but the longest stay,
 *   so that a client which forgets it cannot hold the slot for ever (R12). No caller is there yet who could be dropped.
 * - A hold for a move ends by itself: its destination's record changes with it, so the move cannot commit any more.
 */
export function dueMs(park: ParkRecord): number | undefined {
  switch (park.state?.$case) {
    case 'retrieving':
      return park.mediaControl === MediaControl.CLUSTER ? undefined : park.state.value.giveUpAtMs;
    case 'reserved':
      return park.state.value.untilMs === 0 ? expiryMs(park) : park.state.value.untilMs;
    case 'incoming':
      return park.state.value.untilMs;
    case 'parked':
    case 'ringback':
    case undefined:
      return undefined;
  }
}

/** The park of the slot that time changes next. */
export function nextDue(record: SlotRecord): { park: ParkRecord; atMs: number } | undefined {
  let first: { park: ParkRecord; atMs: number } | undefined;
  for (const park of record.parks) {
    const atMs = dueMs(park);
    if (atMs !== undefined && (first === undefined || atMs < first.atMs)) first = { park, atMs };
  }
  return first;
}

/** When the owner has to `tick` this slot, in wall ms; undefined: not as it stands. */
export function nextDueMs(record: SlotRecord): number | undefined {
  return nextDue(record)?.atMs;
}

/**
 * When the recall service has to act on this slot, in wall ms: a recall is due, one that rings is over, or a longest stay
 * is. undefined: not as it stands.
 */
export function recallDueMs(record: SlotRecord): number | undefined {
  let first: number | undefined;
  for (const park of record.parks) {
    const atMs = parkRecallDueMs(park);
    if (atMs !== undefined && (first === undefined || atMs < first)) first = atMs;
  }
  return first;
}

/** As `recallDueMs`, of one park. */
export function parkRecallDueMs(park: ParkRecord): number | undefined {
  switch (park.state?.$case) {
    case 'parked':
      return earlier(park.state.value.recallAtMs, expiryMs(park));
    case 'ringback':
      return earlier(park.state.value.untilMs, expiryMs(park));
    case 'reserved':
    case 'retrieving':
    case 'incoming':
    case undefined:
      return undefined;
  }
}

/** When the longest stay is over; undefined: never. */
function expiryMs(park: ParkRecord): number | undefined {
  const maxParkMs = park.policy?.maxParkMs ?? 0;
  return maxParkMs === 0 ? undefined : park.parkedAtMs + maxParkMs;
}

function earlier(atMs: number, limitMs: number | undefined): number | undefined {
  if (atMs === 0) return limitMs;
  return limitMs === undefined ? atMs : Math.min(atMs, limitMs);
}
