import { HOLDING_LOT } from '@parkade/ids';
import {
  type ListOwnedRequest,
  type ListOwnedResponse,
  ParkState,
  type Slot,
  type SlotName,
  type SlotRecord,
} from '@parkade/proto';
import { slotView } from '@parkade/slots';
import type { Shard } from '../shard/shard.js';
import type { CommittedSlot } from '../shard/slot-table.js';

/** The slots in use of the shards served here, filtered and ordered by (lot, slot), as one page. Unfenced. */
export function listOwned(request: ListOwnedRequest, shards: Iterable<Shard>, shardCount: number): ListOwnedResponse {
  const bits = Buffer.alloc(Math.ceil(shardCount / 8));
  const used = Buffer.alloc(bits.length);
  const found: CommittedSlot[] = [];
  for (const shard of shards) {
    const { number } = shard;
    bits[number >> 3] = (bits[number >> 3] ?? 0) | (1 << (number & 7));
    if (request.onlyShards === true) {
      if (hasLots(shard, request.tenantId)) used[number >> 3] = (used[number >> 3] ?? 0) | (1 << (number & 7));
      continue;
    }
    const lots = request.lotId === '' ? [...shard.live.table.lotsOf(request.tenantId)] : [request.lotId];
    for (const lotId of lots) {
      if (request.lotId === '' && lotId === HOLDING_LOT && request.call === undefined) continue;
      for (const slot of shard.live.table.slotsOf(request.tenantId, lotId))
        if (slot.freedAtMs === 0 && isNamed(slot.name, request)) found.push(slot);
    }
  }
  found.sort(byLotAndSlot);
  const limit = request.limit === 0 ? Infinity : request.limit;
  const slots: Slot[] = [];
  let more = false;
  // Records are looked into in the order they are listed, and no more of them than are.
  for (const { record, revision } of found) {
    if (!hasWanted(record, request)) continue;
    more = slots.length === limit;
    if (more) break;
    slots.push(slotView(record, revision));
  }
  return { slots, more, shards: bits, ...(request.onlyShards === true ? { used } : {}) };
}

function hasLots({ live }: Shard, tenantId: string): boolean {
  for (const lotId of live.table.lotsOf(tenantId)) if (lotId !== HOLDING_LOT) return true;
  return false;
}

function isNamed({ lotId, slot }: SlotName, { afterLotId, afterSlot, slot: asked }: ListOwnedRequest): boolean {
  if (asked !== '' && slot !== asked) return false;
  return lotId > afterLotId || (lotId === afterLotId && (afterSlot === '' || slot > afterSlot));
}

function hasWanted({ parks }: SlotRecord, { call, states }: ListOwnedRequest): boolean {
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

function byLotAndSlot(a: CommittedSlot, b: CommittedSlot): number {
  if (a.name.lotId !== b.name.lotId) return a.name.lotId < b.name.lotId ? -1 : 1;
  return a.name.slot < b.name.slot ? -1 : 1;
}
