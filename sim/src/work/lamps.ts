import { keys, parseSlotKey } from '@parkade/ids';
import { lampFacts, presenceSubject, type PresenceMessage } from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';
import { decodeRecord } from '@parkade/slots';
import { prefixRange } from '@parkade/store';
import type { World } from '../world/world.js';

/** The slots of the store, tombstones too. */
export async function storedRecords(
  world: World,
): Promise<readonly { readonly key: string; readonly record: SlotRecord }[]> {
  const { kvs } = await world.store.range(prefixRange(keys.shards));
  return kvs.flatMap(({ key, value }) =>
    parseSlotKey(key) === undefined ? [] : [{ key, record: decodeRecord(value) }],
  );
}

/** Lamps of the bus that do not show what their slots hold. */
export async function wrongLamps(world: World): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { key, record } of await storedRecords(world)) {
    const facts = lampFacts(record);
    if (facts === undefined || record.name === undefined) continue;
    const last = await world.bus.last(presenceSubject(record.name));
    const shown =
      last === undefined ? undefined : (JSON.parse(Buffer.from(last.payload).toString()) as PresenceMessage);
    // A lamp nobody ever lit may be unknown: dark it is.
    if (shown === undefined && facts.state === 'terminated') continue;
    if (shown?.state === facts.state && shown.presence_id === facts.presenceId) continue;
    wrong.push(`the lamp of ${key} shows ${shown?.state ?? 'nothing'}, its slot ${facts.state}`);
  }
  return wrong;
}
