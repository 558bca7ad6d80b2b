import { HEX_VALUES, UUID_BYTES, UUID_TEXT_BYTES, writeUuidText } from '@parkade/ids';
import { EndedPark, SlotRecord } from '@parkade/proto';

/**
 * A record as the store holds it: `ended` is packed where it can be. Eight ended parks are 184 bytes instead of 430, near half of a
 * record whose slot is used often. Owners of versions before this one read none of them: beside those, for
 * the time of an upgrade, a late command may hear PARK_NOT_FOUND instead of PARK_ENDED.
 *
 *   R1. What is decoded is what was encoded, and what `SlotRecord` itself had encoded.
 */
export function encodeRecord(record: SlotRecord): Buffer {
  const { name, parks, last, documentVersion, litPresenceId, ended } = record;
  const endedPacked = packEnded(ended);
  if (endedPacked === undefined) return SlotRecord.encode(record).finish();
  return SlotRecord.encode({ name, parks, last, documentVersion, litPresenceId, ended: NONE, endedPacked }).finish();
}

/** Reads a record from the store. Throws where the bytes are none. */
export function decodeRecord(bytes: Uint8Array): SlotRecord {
  const record = SlotRecord.decode(bytes);
  if (record.endedPacked !== undefined) record.ended.push(...unpackEnded(record.endedPacked));
  record.endedPacked = undefined;
  return record;
}

/** Goes through the ids in `ended_packed`, oldest first: each is told as the bytes of its text, which are good until the next. */
export function eachPackedId(packed: Uint8Array, each: (id: Uint8Array) => void): void {
  for (let at = 0; at + BYTES <= packed.length; at += BYTES) {
    writeUuidText(packed, at, idText, 0);
    each(idText);
  }
}

/** The id that is being told. */
const idText = Buffer.alloc(UUID_TEXT_BYTES);

const NONE: EndedPark[] = [];
const HOW_AT = UUID_BYTES;
/** As `EndedPark` has it, which knows what to make of the kinds of newer versions; one byte. */
const HOW_TAG = 0x10;
const MAX_HOW = 0x7f;
const TIME_AT = HOW_AT + 1;
const TIME_BYTES = 6;
const BYTES = TIME_AT + TIME_BYTES;

const DASH = 0x2d;

/** Undefined: there are none, or one says more than fits. */
function packEnded(ended: readonly EndedPark[]): Buffer | undefined {
  if (ended.length === 0) return undefined;
  const packed = Buffer.allocUnsafe(ended.length * BYTES);
  let at = 0;
  for (const { parkId, how, atMs, nextParkId, reserved } of ended) {
    const kind: number = how;
    if (nextParkId !== '' || reserved !== undefined || kind > MAX_HOW || !putUuid(packed, at, parkId)) return undefined;
    packed[at + HOW_AT] = kind;
    packed.writeUIntBE(atMs, at + TIME_AT, TIME_BYTES);
    at += BYTES;
  }
  return packed;
}

function unpackEnded(packed: Uint8Array): EndedPark[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const ended: EndedPark[] = [];
  for (let at = 0; at + BYTES <= bytes.length; at += BYTES) {
    const { how } = EndedPark.decode(Uint8Array.of(HOW_TAG, bytes[at + HOW_AT] ?? 0));
    const atMs = bytes.readUIntBE(at + TIME_AT, TIME_BYTES);
    ended.push({ parkId: uuidAt(bytes, at), how, atMs, nextParkId: '', reserved: undefined });
  }
  return ended;
}

/** Writes the bytes of a UUID in small letters; false: it is none. */
function putUuid(bytes: Buffer, start: number, id: string): boolean {
  if (id.length !== UUID_TEXT_BYTES) return false;
  let at = start;
  for (let i = 0; i < UUID_TEXT_BYTES; i += 2) {
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (id.charCodeAt(i) !== DASH) return false;
      i++;
    }
    const high = HEX_VALUES[id.charCodeAt(i)] ?? -1;
    const low = HEX_VALUES[id.charCodeAt(i + 1)] ?? -1;
    if (high < 0 || low < 0) return false;
    bytes[at++] = (high << 4) | low;
  }
  return true;
}

function uuidAt(bytes: Buffer, at: number): string {
  return idText.toString('latin1', 0, writeUuidText(bytes, at, idText, 0));
}
