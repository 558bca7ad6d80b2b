import type { CallOptions, Client, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import { BinaryReader, BinaryWriter } from '@parkade/proto/wire';
import type { KeyRange, KeyValue, RangeResult } from '../store.js';
import { asIs, keyValue, revisionOf } from './read-messages.js';

/**
 * A range as etcd's `RangeRequest` and `RangeResponse`, written and read by hand as transactions are (`txn-call.ts`): a shard that is
 * taken over is read whole, and etcd3's objects, with their 64-bit numbers by way of text, took longer than all that is done with it.
 */
const PATH = '/etcdserverpb.KV/Range';

/** One page. */
export interface RangePage {
  readonly range: KeyRange;
  readonly limit: number;
  readonly keysOnly: boolean;
  /** undefined: the present. */
  readonly revision: number | undefined;
}

/** Sends an encoded request; in the shape of the generated methods, called on their client. */
export function sendRange(
  this: Client,
  request: Buffer,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: RangeResult) => void,
): ClientUnaryCall {
  return this.makeUnaryRequest(PATH, asIs, decodeRangeResult, request, metadata, options, callback);
}

/** The request. etcd knows no empty key: the first possible one is a zero byte. */
export function encodeRange({ range, limit, keysOnly, revision }: RangePage): Buffer {
  const writer = new BinaryWriter().uint32(10).string(range.start === '' ? '\0' : range.start);
  if (range.end !== undefined) writer.uint32(18).string(range.end);
  writer.uint32(24).int64(limit);
  if (revision !== undefined) writer.uint32(32).int64(revision);
  if (keysOnly) writer.uint32(64).bool(true);
  return writer.finish();
}

/** What etcd says to it. Throws where it is no `RangeResponse`. */
export function decodeRangeResult(bytes: Buffer): RangeResult {
  const reader = new BinaryReader(bytes);
  const kvs: KeyValue[] = [];
  let [revision, more] = [0, false];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) revision = revisionOf(reader);
    else if (tag === 18) kvs.push(keyValue(reader));
    else if (tag === 24) more = reader.bool();
    else reader.skip(tag & 7);
  }
  return { kvs, revision, more };
}
