import type { CallRef, ParkRecord, SlotName, SlotRecord } from '@parkade/proto';

/** Where a park stands, in the words of refusals. A hold for a move reads `reserved`: held for a caller who has not arrived. */
export type StateWord = 'reserved' | 'parked' | 'ringback' | 'retrieving' | 'unknown';

/** A slot's record before its first change; its `documentVersion` 0 is never published. */
export function emptyRecord(name: SlotName): SlotRecord {
  return { name, parks: [], last: undefined, documentVersion: 0, litPresenceId: '', ended: [] };
}

/** The word for a park's state. `unknown`: written by a newer version; such a park is left alone and counts as taken. */
export function stateWord(park: ParkRecord): StateWord {
  const state = park.state?.$case;
  if (state === undefined) return 'unknown';
  return state === 'incoming' ? 'reserved' : state;
}

/** Whether a retriever may take it now: the caller waits, and nobody is being connected with him (R15). */
export function isWaiting(park: ParkRecord): boolean {
  return park.state?.$case === 'parked' || park.state?.$case === 'ringback';
}

/** Whether both name the same call: the same id at the same media node. */
export function isSameCall(a: CallRef | undefined, b: CallRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.callId === b.callId && a.mediaNode === b.mediaNode;
}

/** The park of the slot that holds this call, `except` left out. */
export function parkOfCall(record: SlotRecord, call: CallRef, except?: ParkRecord): ParkRecord | undefined {
  return record.parks.find((park) => park !== except && isSameCall(park.call, call));
}
