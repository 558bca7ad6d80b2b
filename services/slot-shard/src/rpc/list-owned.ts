import { HOLDING_LOT } from '@parkade/ids';
import { type ListOwnedRequest, type ListOwnedResponse, ParkState, type Slot } from '@parkade/proto';
import { slotView } from '@parkade/slots';
import type { Shard } from '../shard/shard.js';
import type { SlotEntry } from '../shard/slot-table.js';

/** The slots in use of the shards served here, filtered and ordered by (lot, slot), as one page. Unfenced. */
export function listOwned(request: ListOwnedRequest, shards: Iterable<Shard>, shardCount: number): ListOwnedResponse {
  const bits = Buffer.alloc(Math.ceil(shardCount / 8));
  const found: SlotEntry[] = [];
  for (const shard of shards) {
    const { number } = shard;
    bits[number >> 3] = (bits[number >> 3] ?? 0) | (1 << (number & 7));
    const lots = request.lotId === '' ? [...shard.live.table.lotsOf(request.tenantId)] : [request.lotId];
    for (const lotId of lots) {
      if (request.lotId === '' && lotId === HOLDING_LOT && request.call === undefined) continue;
      for (const entry of shard.live.table.slotsOf(request.tenantId, lotId))
        if (wanted(entry, request)) found.push(entry);
    }
  }
  found.sort(byLotAndSlot);
  const limit = request.limit === 0 ? Infinity : request.limit;
  const slots = found
    .slice(0, limit)
    .flatMap((entry): Slot[] => (entry.record === undefined ? [] : [slotView(entry.record, entry.revision)]));
  return { slots, more: found.length > limit, shards: bits };
}

function wanted(entry: SlotEntry, request: ListOwnedRequest): boolean {
  const parks = entry.record?.parks ?? [];
  if (parks.length === 0) return false;
  const { lotId, slot } = entry.name;
  const { afterLotId, afterSlot, call, states } = request;
  if (request.slot !== '' && slot !== request.slot) return false;
  if (lotId < afterLotId || (lotId === afterLotId && afterSlot !== '' && slot <= afterSlot)) return false;
  if (call !== undefined) {
    return parks.some(
      (park) =>
        (call.mediaNode === '' || park.call?.mediaNode === call.mediaNode) &&
        (park.call?.callId === call.callId || park.call?.sipCallId === call.callId),
    );
  }
  return states.length === 0 || parks.some((park) => states.includes(STATES[park.state?.$case ?? 'parked']));
}

const STATES = {
  reserved: ParkState.RESERVED,
  incoming: ParkState.RESERVED,
  parked: ParkState.PARKED,
  ringback: ParkState.RINGBACK,
  retrieving: ParkState.RETRIEVING,
} as const;

function byLotAndSlot(a: SlotEntry, b: SlotEntry): number {
  if (a.name.lotId !== b.name.lotId) return a.name.lotId < b.name.lotId ? -1 : 1;
  return a.name.slot < b.name.slot ? -1 : 1;
}
