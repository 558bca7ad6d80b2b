import type { ICompare, IEvent, IKeyValue, IRequestOp, IResponseOp, ITxnRequest } from 'etcd3';
import type { Compare, KeyRange, KeyValue, Op, Txn, WatchEvent } from '../store.js';

/** The start of a range as etcd wants it: it knows no empty key, and the first possible key is one zero byte. */
export function rangeStart(range: KeyRange): Buffer {
  return Buffer.from(range.start === '' ? '\0' : range.start);
}

/** `key` and, where it is more than one key, `range_end`. */
export function rangeFields(range: KeyRange): { key: Buffer; range_end?: Buffer } {
  const key = rangeStart(range);
  return range.end === undefined ? { key } : { key, range_end: Buffer.from(range.end) };
}

/**
 * etcd answers a transaction without operations from the member asked, which may be behind: one range makes it
 * linearizable (S2). It is of a key that is compared anyway, so that it needs no further permission.
 */
function linearizingOp(txn: Txn): IRequestOp {
  return { request_range: { key: Buffer.from(txn.compare[0]?.key ?? '\0'), count_only: true } };
}

/** Whether `txnRequest` adds an operation that is not the caller's. */
export function needsLinearizing(txn: Txn): boolean {
  return txn.success.length === 0 && (txn.failure ?? []).length === 0;
}

export function txnRequest(txn: Txn): ITxnRequest {
  return {
    compare: txn.compare.map(compareMessage),
    success: needsLinearizing(txn) ? [linearizingOp(txn)] : txn.success.map(opMessage),
    failure: (txn.failure ?? []).map(opMessage),
  };
}

function compareMessage(compare: Compare): ICompare {
  const key = Buffer.from(compare.key);
  switch (compare.kind) {
    case 'mod':
      return { key, target: 'Mod', result: 'Equal', mod_revision: compare.revision };
    case 'exists':
      return { key, target: 'Mod', result: 'Greater', mod_revision: 0 };
    case 'absent':
      return { key, target: 'Mod', result: 'Equal', mod_revision: 0 };
  }
}

function opMessage(op: Op): IRequestOp {
  switch (op.kind) {
    case 'put': {
      const put = { key: Buffer.from(op.key), value: bufferOf(op.value) };
      return { request_put: op.leaseId === undefined ? put : { ...put, lease: op.leaseId } };
    }
    case 'delete':
      return { request_delete_range: rangeFields(op.range) };
    case 'get':
      return { request_range: { ...rangeFields(op.range), keys_only: op.keysOnly ?? false } };
  }
}

/** The keys an operation read; none where it was not a read. */
export function opResult(response: Partial<IResponseOp>): readonly KeyValue[] {
  return response.response_range?.kvs.map(keyValueOf) ?? [];
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

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
