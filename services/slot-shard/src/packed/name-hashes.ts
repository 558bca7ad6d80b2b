import type { SecretHash } from '@parkade/ids';
import type { CallRef, EndedPark, SlotName } from '@parkade/proto';
import { type CallMarks, callMarks } from './call-marks.js';

export type CallKey = Pick<CallRef, 'mediaNode' | 'callId'>;

type NamedCall = CallKey & Pick<CallRef, 'sipCallId'>;

/** Of a record, what it is found by. */
export interface RecordNames {
  readonly name: SlotName | undefined;
  readonly parks: readonly { readonly parkId: string; readonly call: NamedCall | undefined }[];
  readonly ended: readonly Pick<EndedPark, 'parkId'>[];
}

/** What a record is found by, and what its calls are marked by: each is hashed with a letter of its own before it, and a zero between its parts. */
export const SLOT_LETTER = Buffer.from('s');
export const PARK_LETTER = Buffer.from('p');
export const ENDED_LETTER = Buffer.from('e');
export const CALL_LETTER = Buffer.from('c');
export const MARK_LETTER = Buffer.from('m');
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

  /** Of one of a call's ids, for its marks. */
  mark(id: string): number {
    return this.#of(`m${id}`);
  }

  /** By what the calls of a record are marked. */
  marksOf({ parks }: Pick<RecordNames, 'parks'>): CallMarks {
    const ids = parks.flatMap(({ call }) => (call === undefined ? [] : [call.callId, call.sipCallId]));
    return callMarks(ids.filter((id) => id !== '').map((id) => this.mark(id)));
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
