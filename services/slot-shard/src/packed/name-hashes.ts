import { stableHash } from '@parkade/ids';
import type { CallRef, EndedPark, SlotName } from '@parkade/proto';

export type CallKey = Pick<CallRef, 'mediaNode' | 'callId'>;

/** Of a record, what it is found by. */
export interface RecordNames {
  readonly name: SlotName | undefined;
  readonly parks: readonly { readonly parkId: string; readonly call: CallKey | undefined }[];
  readonly ended: readonly Pick<EndedPark, 'parkId'>[];
}

/** What a record is found by: each is hashed with a letter of its own before it, and a zero between its parts. */
export const SLOT_LETTER = Buffer.from('s');
export const PARK_LETTER = Buffer.from('p');
export const ENDED_LETTER = Buffer.from('e');
export const CALL_LETTER = Buffer.from('c');
export const SEPARATOR = Buffer.from('\0');

export const NAME_HASHES = {
  slot: (tenantId: string, lotId: string, slot: string): number => stableHash(`s${tenantId}\0${lotId}\0${slot}`),
  park: (parkId: string): number => stableHash(`p${parkId}`),
  ended: (parkId: string): number => stableHash(`e${parkId}`),
  call: (tenantId: string, { mediaNode, callId }: CallKey): number =>
    stableHash(`c${tenantId}\0${mediaNode}\0${callId}`),
};

/** The hashes of all names a record is found by, the slot's own first. */
export function hashesOf({ name, parks, ended }: RecordNames): number[] {
  const { tenantId = '', lotId = '', slot = '' } = name ?? {};
  const hashes = [NAME_HASHES.slot(tenantId, lotId, slot)];
  for (const { parkId } of parks) hashes.push(NAME_HASHES.park(parkId));
  for (const { parkId } of ended) hashes.push(NAME_HASHES.ended(parkId));
  for (const { call } of parks) if (call !== undefined) hashes.push(NAME_HASHES.call(tenantId, call));
  return hashes;
}
