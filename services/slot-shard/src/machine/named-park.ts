import type { ParkRecord, SlotRecord } from '@parkade/proto';
import { refuseGone } from './refusal.js';
import type { Step } from './types.js';

/**
 * Runs `then` on the park a command names. A park that left is refused with what became of it (R4). A hold for a move is no
 * park yet: its id is not found.
 */
export function withPark(record: SlotRecord, parkId: string, then: (park: ParkRecord) => Step): Step {
  const park = record.parks.find((each) => each.parkId === parkId);
  return park === undefined || park.state?.$case === 'incoming' ? refuseGone(record, parkId) : then(park);
}
