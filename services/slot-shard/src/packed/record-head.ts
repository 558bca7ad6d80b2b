import { type CallRef, SlotName } from '@parkade/proto';
import { BinaryReader } from '@parkade/proto/wire';
import { packedIds } from '@parkade/slots';

/** What a slot is found by, and what is asked of its record before anybody looks into it. */
export interface RecordHead {
  readonly name: SlotName | undefined;
  readonly parks: readonly {
    readonly parkId: string;
    readonly call: Pick<CallRef, 'mediaNode' | 'callId'> | undefined;
  }[];
  readonly ended: readonly { readonly parkId: string }[];
  readonly last: { readonly atMs: number } | undefined;
  /** Every park waits, or rings: time does nothing to the slot here. */
  readonly isAtRest: boolean;
}

/** Tags as `record.proto` and `types.proto` have them, which never change: a field's number times 8, and 2 where it is of many bytes. */
const RECORD = { name: 10, parks: 18, last: 26, ended: 50, endedPacked: 58 };
const PARK = { parkId: 10, call: 18, reserved: 74, retrieving: 98, incoming: 106 };
const CALL = { mediaNode: 10, callId: 18 };
const TRANSITION = { atMs: 24 };
const ENDED = { parkId: 10 };

/**
 * Reads the head of an encoded record. A shard that is taken over is read whole, and nearly all of it is packed at once: reading each record as
 * objects took half of the time. Throws where the bytes are no record.
 */
export function readHead(bytes: Uint8Array): RecordHead {
  const reader = new BinaryReader(bytes);
  const parks: RecordHead['parks'][number][] = [];
  const ended: { readonly parkId: string }[] = [];
  let name: SlotName | undefined;
  let last: { readonly atMs: number } | undefined;
  let isAtRest = true;
  const park = (end: number): void => {
    let parkId = '';
    let call: CallKey | undefined;
    within(reader, end, (tag) => {
      if (tag === PARK.parkId) parkId = reader.string();
      else if (tag === PARK.call) call = readCall(reader, reader.uint32() + reader.pos);
      else {
        if (tag === PARK.reserved || tag === PARK.retrieving || tag === PARK.incoming) isAtRest = false;
        return false;
      }
      return true;
    });
    parks.push({ parkId, call });
  };
  within(reader, reader.len, (tag) => {
    if (tag === RECORD.name) name = SlotName.decode(reader, reader.uint32());
    else if (tag === RECORD.parks) park(reader.uint32() + reader.pos);
    else if (tag === RECORD.last) last = { atMs: readAtMs(reader, reader.uint32() + reader.pos) };
    else if (tag === RECORD.ended) ended.push({ parkId: readText(reader, reader.uint32() + reader.pos, ENDED.parkId) });
    else if (tag === RECORD.endedPacked) for (const parkId of packedIds(reader.bytes())) ended.push({ parkId });
    else return false;
    return true;
  });
  return { name, parks, ended, last, isAtRest };
}

type CallKey = Pick<CallRef, 'mediaNode' | 'callId'>;

/** Reads fields up to `end`; `field` takes what it wants and says so. */
function within(reader: BinaryReader, end: number, field: (tag: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!field(tag)) reader.skip(tag & 7);
  }
}

function readCall(reader: BinaryReader, end: number): CallKey {
  let [mediaNode, callId] = ['', ''];
  within(reader, end, (tag) => {
    if (tag === CALL.mediaNode) mediaNode = reader.string();
    else if (tag === CALL.callId) callId = reader.string();
    else return false;
    return true;
  });
  return { mediaNode, callId };
}

function readAtMs(reader: BinaryReader, end: number): number {
  let atMs = 0;
  within(reader, end, (tag) => {
    if (tag !== TRANSITION.atMs) return false;
    atMs = Number(reader.int64().toString());
    return true;
  });
  return atMs;
}

function readText(reader: BinaryReader, end: number, wanted: number): string {
  let text = '';
  within(reader, end, (tag) => {
    if (tag !== wanted) return false;
    text = reader.string();
    return true;
  });
  return text;
}
