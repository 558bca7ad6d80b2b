import type { KeyValue, Lease } from '../store.js';

/**
 * How records look in the data directory, one LMDB table:
 *
 *   'k' + key       createRevision f64, modRevision f64, version f64, length of the lease id u8, lease id, value
 *   'l' + lease id  TTL in ms f64
 *   'm'             format u32, revision f64, last lease id f64
 *
 * Numbers are big-endian. A format other than this one is refused at open.
 */
export const DISK_FORMAT = 1;

const HEADER_BYTES = 25;

export interface Meta {
  readonly revision: number;
  readonly lastLeaseId: number;
}

export const META_KEY = Buffer.from('m');

export function keyRecordKey(key: string): Buffer {
  return Buffer.from(`k${key}`);
}

export function leaseRecordKey(leaseId: string): Buffer {
  return Buffer.from(`l${leaseId}`);
}

/** What kind of record a key is of, and the name after its first byte. */
export function parseRecordKey(recordKey: Buffer): { readonly kind: string; readonly name: string } {
  const name = recordKey.toString('utf8');
  return { kind: name.slice(0, 1), name: name.slice(1) };
}

export function encodeKeyValue(kv: KeyValue): Buffer {
  const lease = kv.leaseId ?? '';
  const record = Buffer.allocUnsafe(HEADER_BYTES + lease.length + kv.value.length);
  record.writeDoubleBE(kv.createRevision, 0);
  record.writeDoubleBE(kv.modRevision, 8);
  record.writeDoubleBE(kv.version, 16);
  record.writeUInt8(lease.length, 24);
  record.write(lease, HEADER_BYTES, 'latin1');
  record.set(kv.value, HEADER_BYTES + lease.length);
  return record;
}

/** The value is a copy. Throws `RangeError` for a record that is cut off. */
export function decodeKeyValue(key: string, record: Buffer): KeyValue {
  const valueAt = HEADER_BYTES + record.readUInt8(24);
  const leaseId = record.toString('latin1', HEADER_BYTES, valueAt);
  return {
    key,
    value: new Uint8Array(record.subarray(valueAt)),
    createRevision: record.readDoubleBE(0),
    modRevision: record.readDoubleBE(8),
    version: record.readDoubleBE(16),
    leaseId: leaseId === '' ? undefined : leaseId,
  };
}

export function encodeLease(lease: Lease): Buffer {
  const record = Buffer.allocUnsafe(8);
  record.writeDoubleBE(lease.ttlMs);
  return record;
}

export function decodeLease(id: string, record: Buffer): Lease {
  return { id, ttlMs: record.readDoubleBE(0) };
}

export function encodeMeta(meta: Meta): Buffer {
  const record = Buffer.allocUnsafe(20);
  record.writeUInt32BE(DISK_FORMAT, 0);
  record.writeDoubleBE(meta.revision, 4);
  record.writeDoubleBE(meta.lastLeaseId, 12);
  return record;
}

/** Throws `Error` for another format. */
export function decodeMeta(record: Buffer): Meta {
  const format = record.readUInt32BE(0);
  if (format !== DISK_FORMAT) throw new Error(`data directory of format ${format}; this version reads ${DISK_FORMAT}`);
  return { revision: record.readDoubleBE(4), lastLeaseId: record.readDoubleBE(12) };
}
