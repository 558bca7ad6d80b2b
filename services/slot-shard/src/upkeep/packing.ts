import type { Clock } from '@parkade/clock';
import type { Shard } from '../shard/shard.js';

/** Commands that come meanwhile wait no longer than this. */
const SLICE_MS = 2;

/** One round of packing in each of these shards (`SlotTable.packing`); others have their turn every two milliseconds. */
export async function packShards(shards: Iterable<Shard>, clock: Clock): Promise<void> {
  let sliceStart = clock.monotonicMs();
  for (const { live } of shards) {
    for (const steps = live.table.packing(); steps.next().done !== true;) {
      if (clock.monotonicMs() - sliceStart < SLICE_MS) continue;
      await new Promise<void>((resolve) => clock.defer(resolve));
      sliceStart = clock.monotonicMs();
    }
  }
}
