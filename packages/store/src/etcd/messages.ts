import type { IEvent, IKeyValue } from 'etcd3';
import type { KeyRange, KeyValue, WatchEvent } from '../store.js';

/** The start of a range as etcd wants it: it knows no empty key, and the first possible key is one zero byte. */
export function rangeStart(range: KeyRange): Buffer {
  return Buffer.from(range.start === '' ? '\0' : range.start);
}

/** `key` and, where it is more than one key, `range_end`. */
export function rangeFields(range: KeyRange): { key: Buffer; range_end?: Buffer } {
  const key = rangeStart(range);
  return range.end === undefined ? { key } : { key, range_end: Buffer.from(range.end) };
}

export function keyValueOf(kv: IKeyValue): KeyValue {
  return {
    key: kv.key.toString(),
    value: new Uint8Array(kv.value.buffer, kv.value.byteOffset, kv.value.length),
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    leaseId: kv.lease === '0' ? undefined : kv.lease,
  };
}

export function watchEventOf(event: IEvent): WatchEvent {
  return event.type === 'Delete'
    ? { kind: 'delete', key: event.kv.key.toString(), modRevision: Number(event.kv.mod_revision) }
    : { kind: 'put', kv: keyValueOf(event.kv) };
}
