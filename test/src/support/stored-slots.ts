import { keys, parseSlotKey } from '@parkade/ids';
import type { SlotRecord } from '@parkade/proto';
import { decodeRecord } from '@parkade/slots';
import { prefixRange, type Store } from '@parkade/store';

/** What the store holds of a slot. */
export interface StoredSlot {
  readonly key: string;
  readonly tenantId: string;
  readonly lotId: string;
  readonly slot: string;
  readonly record: SlotRecord;
  readonly revision: number;
}

/** Every slot record of a cluster, tombstones too. */
export async function storedSlots(store: Store): Promise<readonly StoredSlot[]> {
  return (await storedAt(store)).slots;
}

/** Every slot record of a cluster, and the revision at which they were so. */
export async function storedAt(
  store: Store,
): Promise<{ readonly slots: readonly StoredSlot[]; readonly revision: number }> {
  const { kvs, revision } = await store.range(prefixRange(keys.shards));
  const slots = kvs.flatMap(({ key, value, modRevision }) => {
    const name = parseSlotKey(key);
    return name === undefined ? [] : [{ key, ...name, record: decodeRecord(value), revision: modRevision }];
  });
  return { slots, revision };
}
