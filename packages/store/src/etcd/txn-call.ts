import type { CallOptions, Client, Metadata, ServiceError } from '@grpc/grpc-js';
import type { Timeouts } from '@parkade/clock';
import { BinaryReader, BinaryWriter } from '@parkade/proto/wire';
import type { Compare, KeyRange, KeyValue, Op, Txn, TxnResult } from '../store.js';
import { type Cancellable, directUnary } from './direct-call.js';
import { keyValue, revisionOf, within } from './read-messages.js';

/**
 * A transaction as etcd's `TxnRequest` and `TxnResponse` (`rpc.proto` of etcd's API, which never changes its field numbers), written
 * and read by hand: by way of etcd3's objects a put took 9 µs at the client, of which 6 were spent on making and walking objects.
 */
const PATH = '/etcdserverpb.KV/Txn';

/** In the shape of the generated methods. */
export type SendTxn = (
  this: Client,
  request: Buffer,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: TxnResult) => void,
) => Cancellable;

/** `Compare.target` is MOD, `Compare.result` EQUAL (0, left out) or GREATER. */
const TARGET_MOD = 2;
const RESULT_GREATER = 1;

/** Sends encoded transactions; what is returned is called on a client. */
export function txnSender(timeouts: Timeouts): SendTxn {
  const send = directUnary(PATH, decodeTxnResult, timeouts);
  return function sendTxn(request, metadata, options, callback) {
    return send(this, request, metadata, options, callback);
  };
}

/** Whether `encodeTxn` adds an operation that is not the caller's. */
export function needsLinearizing({ success, failure = [] }: Txn): boolean {
  return success.length === 0 && failure.length === 0;
}

/**
 * The request. Without operations etcd would answer from the member asked, which may be behind: one count of a key that is compared
 * anyway makes it linearizable (S2), and needs no further permission.
 */
export function encodeTxn(txn: Txn): Buffer {
  const { compare, success, failure = [] } = txn;
  const writer = new BinaryWriter();
  for (const each of compare) writeCompare(writer.uint32(10).fork(), each).join();
  if (needsLinearizing(txn)) {
    writer.uint32(18).fork().uint32(10).fork();
    writer
      .uint32(10)
      .string(compare[0]?.key ?? '\0')
      .uint32(72)
      .bool(true);
    writer.join().join();
  }
  for (const op of success) writeOp(writer.uint32(18).fork(), op).join();
  for (const op of failure) writeOp(writer.uint32(26).fork(), op).join();
  return writer.finish();
}

function writeCompare(writer: BinaryWriter, compare: Compare): BinaryWriter {
  if (compare.kind === 'exists') writer.uint32(8).int32(RESULT_GREATER);
  writer.uint32(16).int32(TARGET_MOD).uint32(26).string(compare.key);
  // Of a oneof, 0 is written, too.
  return writer.uint32(48).int64(compare.kind === 'mod' ? compare.revision : 0);
}

function writeOp(writer: BinaryWriter, op: Op): BinaryWriter {
  switch (op.kind) {
    case 'put': {
      writer.uint32(18).fork().uint32(10).string(op.key).uint32(18).bytes(op.value);
      if (op.leaseId !== undefined) writer.uint32(24).int64Text(op.leaseId);
      return writer.join();
    }
    case 'delete':
      return writeRange(writer.uint32(26).fork(), op.range).join();
    case 'get': {
      writeRange(writer.uint32(10).fork(), op.range);
      if (op.keysOnly === true) writer.uint32(64).bool(true);
      return writer.join();
    }
  }
}

/** etcd knows no empty key: the first possible one is a zero byte. */
function writeRange(writer: BinaryWriter, { start, end }: KeyRange): BinaryWriter {
  writer.uint32(10).string(start === '' ? '\0' : start);
  return end === undefined ? writer : writer.uint32(18).string(end);
}

const NOTHING: readonly KeyValue[] = [];

/** What etcd says to a transaction. Throws where it is no `TxnResponse`. */
export function decodeTxnResult(bytes: Buffer): TxnResult {
  const reader = new BinaryReader(bytes);
  const results: (readonly KeyValue[])[] = [];
  let revision = 0;
  let succeeded = false;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) revision = revisionOf(reader);
    else if (tag === 16) succeeded = reader.bool();
    else if (tag === 26) results.push(keysRead(reader));
    else reader.skip(tag & 7);
  }
  return { succeeded, revision, results };
}

/** Of a `ResponseOp`, which holds one field: the keys of a range; of what writes none, and its answer is not looked at. */
function keysRead(reader: BinaryReader): readonly KeyValue[] {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (length === 0 || reader.uint32() !== 10) {
    reader.pos = end;
    return NOTHING;
  }
  const kvs: KeyValue[] = [];
  within(reader, (tag) => {
    if (tag === 18) kvs.push(keyValue(reader));
    return tag === 18;
  });
  reader.pos = end;
  return kvs;
}
