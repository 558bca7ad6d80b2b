import type { BinaryReader } from '@parkade/proto/wire';
import type { KeyValue } from '../store.js';

/** What is written and read by hand is bytes to gRPC. */
export function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** Reads the fields of a message within the message; `field` takes what it wants and says so. */
export function within(reader: BinaryReader, field: (tag: number) => boolean): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!field(tag)) reader.skip(tag & 7);
  }
}

/** Of a `ResponseHeader`. */
export function revisionOf(reader: BinaryReader): number {
  let revision = 0;
  within(reader, (tag) => {
    if (tag !== 24) return false;
    revision = Number(reader.int64().toString());
    return true;
  });
  return revision;
}

/** A `mvccpb.KeyValue`. */
export function keyValue(reader: BinaryReader): KeyValue {
  let key = '';
  let value: Uint8Array = new Uint8Array();
  let leaseId: string | undefined;
  let [createRevision, modRevision, version] = [0, 0, 0];
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) key = reader.string();
    else if (tag === 42) value = reader.bytes();
    else if (tag === 16) createRevision = Number(reader.int64().toString());
    else if (tag === 24) modRevision = Number(reader.int64().toString());
    else if (tag === 32) version = Number(reader.int64().toString());
    else if (tag === 48) leaseId = reader.int64Text();
    else reader.skip(tag & 7);
  }
  return { key, value, createRevision, modRevision, version, leaseId: leaseId === '0' ? undefined : leaseId };
}
