import { Owner } from '@parkade/proto';
import type { KeyValue } from '@parkade/store';
import type { OwnerHint } from './partition-handler.js';

/** What an owner key holds. */
export function ownerValue(owner: Owner): Uint8Array {
  return Owner.encode(owner).finish();
}

/** The same few keys are looked at again and again. */
const decoded = new WeakMap<KeyValue, OwnerHint>();

/** Who an owner key names. A value that does not decode names nobody, whose run is never alive. */
export function ownerOf(kv: KeyValue): OwnerHint {
  let owner = decoded.get(kv);
  if (owner === undefined) {
    owner = decode(kv);
    decoded.set(kv, owner);
  }
  return owner;
}

function decode(kv: KeyValue): OwnerHint {
  try {
    const { memberId, address, incarnation } = Owner.decode(kv.value);
    return { memberId, address, incarnation, epoch: kv.modRevision };
  } catch {
    return { memberId: '', address: '', incarnation: '', epoch: kv.modRevision };
  }
}

/** A key as a transaction of ours left it at `modRevision`. */
export function writtenKey(key: string, value: Uint8Array, modRevision: number, leaseId: string): KeyValue {
  return { key, value, createRevision: modRevision, modRevision, version: 1, leaseId };
}
