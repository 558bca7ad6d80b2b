import type { SecretHash } from '@parkade/ids';
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

/** The hashes of all that slots are found by. Tenants' users choose names of slots and ids of calls: nobody else knows the hash. */
export class NameHashes {
  readonly #of: (text: string) => number;

  constructor(hash: SecretHash) {
    this.#of = hash.of;
  }

  slot(tenantId: string, lotId: string, slot: string): number {
    return this.#of(`s${tenantId}\0${lotId}\0${slot}`);
  }

  park(parkId: string): number {
    return this.#of(`p${parkId}`);
  }

  ended(parkId: string): number {
    return this.#of(`e${parkId}`);
  }

  call(tenantId: string, { mediaNode, callId }: CallKey): number {
    return this.#of(`c${tenantId}\0${mediaNode}\0${callId}`);
  }

  /** Those of a record: of all names it is found by, the slot's own first. */
  ofRecord({ name, parks, ended }: RecordNames): number[] {
    const { tenantId = '', lotId = '', slot = '' } = name ?? {};
    const hashes = [this.slot(tenantId, lotId, slot)];
    for (const { parkId } of parks) hashes.push(this.park(parkId));
    for (const { parkId } of ended) hashes.push(this.ended(parkId));
    for (const { call } of parks) if (call !== undefined) hashes.push(this.call(tenantId, call));
    return hashes;
  }
}
