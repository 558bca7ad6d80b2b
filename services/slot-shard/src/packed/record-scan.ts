import { parkIdTimeMsIn, type SecretHash } from '@parkade/ids';
import { BinaryReader } from '@parkade/proto/wire';
import { eachPackedId } from '@parkade/slots';
import { type CallMarks, callMarks, NO_CALLS } from './call-marks.js';
import { CALL_LETTER, ENDED_LETTER, MARK_LETTER, PARK_LETTER, SEPARATOR, SLOT_LETTER } from './name-hashes.js';

/** Tags as `record.proto` and `types.proto` have them, which never change: a field's number times 8, and 2 where it is of many bytes. */
const RECORD = { name: 10, parks: 18, last: 26, ended: 50, endedPacked: 58 };
const NAME = { tenantId: 10, lotId: 18, slot: 26 };
const PARK = { parkId: 10, call: 18, reserved: 74, retrieving: 98, incoming: 106 };
const CALL = { mediaNode: 10, callId: 18, sipCallId: 50 };
const TRANSITION = { atMs: 24 };
const ENDED = { parkId: 10 };

const NOTHING = new Uint8Array();
const IDLE = new BinaryReader(NOTHING);

/** From where to where something stands; both 0: it is not there, or empty. */
export class Span {
  start = 0;
  end = 0;

  set(start: number, end: number): void {
    this.start = start;
    this.end = end;
  }
}

/**
 * What a slot is found by, and what is asked of its record before anybody looks into it, read from the encoded record as it stands: a shard
 * that is taken over is read whole, and nearly all of it is packed at once. Reading each record as objects took half of the time, and
 * making texts of its names a third of what was left; this makes nothing but the reader. One for all records, good until the next is read.
 */
export class RecordScan {
  /** Whether it has a name at all. */
  isNamed = false;
  readonly tenantId = new Span();
  readonly lotId = new Span();
  readonly slot = new Span();
  /** How many parks are in the slot. */
  parks = 0;
  /** When the park came that came last, of those in the slot or, where there are none, of those that ended; wall ms; undefined: not known. */
  newestMs: number | undefined;
  /** When the slot became free, wall ms; 0: somebody is in it. */
  freedAtMs = 0;
  /** Every park waits, or rings: time does nothing to the slot here. */
  isAtRest = true;
  /** Of all names it is found by, the slot's own first; see `NameHashes`. */
  readonly hashes: number[] = [];
  /** By what its calls are marked. */
  marks: CallMarks = NO_CALLS;
  #bytes: Uint8Array = NOTHING;
  #reader = IDLE;
  /** From where to where the ids of calls stand, six numbers each: a node, its own id, and that of SIP. They are hashed when the tenant is known. */
  readonly #calls: number[] = [];
  readonly #markHashes: number[] = [];
  readonly #parkId = new Span();
  readonly #endedId = new Span();
  #endedMs: number | undefined;
  /** Of the letters alone, as the hash goes on from there. */
  readonly #begun: {
    readonly slot: number;
    readonly park: number;
    readonly ended: number;
    readonly call: number;
    readonly mark: number;
  };

  /** `hash`: the one that `NameHashes` has. */
  constructor(private readonly hash: SecretHash) {
    this.#begun = {
      slot: hash.begin(SLOT_LETTER),
      park: hash.begin(PARK_LETTER),
      ended: hash.begin(ENDED_LETTER),
      call: hash.begin(CALL_LETTER),
      mark: hash.begin(MARK_LETTER),
    };
  }

  /** Throws where the bytes are no record. */
  read(bytes: Uint8Array): this {
    this.#begin(bytes);
    const reader = this.#reader;
    let lastAtMs = 0;
    while (reader.pos < bytes.length) {
      const tag = reader.uint32();
      if (tag === RECORD.name) this.#name(this.#lengthEnd());
      else if (tag === RECORD.parks) this.#park(this.#lengthEnd());
      else if (tag === RECORD.last) lastAtMs = this.#atMs(this.#lengthEnd());
      else if (tag === RECORD.ended) this.#endedPark(this.#lengthEnd());
      else if (tag === RECORD.endedPacked) this.#packedEnded(this.#lengthEnd());
      else reader.skip(tag & 7);
    }
    const { start, end } = this.#parkId;
    this.newestMs = this.parks > 0 ? parkIdTimeMsIn(bytes, start, end) : this.#endedMs;
    this.freedAtMs = this.parks > 0 ? 0 : Math.max(1, lastAtMs);
    this.#hash();
    // They are a piece of a page of megabytes, which must not stay for the sake of the last record.
    this.#bytes = NOTHING;
    this.#reader = IDLE;
    return this;
  }

  #begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#reader = new BinaryReader(bytes);
    this.isNamed = false;
    this.isAtRest = true;
    this.parks = 0;
    this.#endedMs = undefined;
    this.#calls.length = 0;
    this.hashes.length = 0;
    // The slot's own, which is known last.
    this.hashes.push(0);
  }

  #name(end: number): void {
    this.isNamed = true;
    for (const part of [this.tenantId, this.lotId, this.slot]) part.set(0, 0);
    while (this.#reader.pos < end) {
      const tag = this.#reader.uint32();
      if (tag === NAME.tenantId) this.#span(this.tenantId);
      else if (tag === NAME.lotId) this.#span(this.lotId);
      else if (tag === NAME.slot) this.#span(this.slot);
      else this.#reader.skip(tag & 7);
    }
  }

  #park(end: number): void {
    const calls = this.#calls.length;
    const id = this.#parkId;
    id.set(0, 0);
    this.parks++;
    while (this.#reader.pos < end) {
      const tag = this.#reader.uint32();
      if (tag === PARK.parkId) this.#span(id);
      else if (tag === PARK.call) this.#call(calls, this.#lengthEnd());
      else {
        if (tag === PARK.reserved || tag === PARK.retrieving || tag === PARK.incoming) this.isAtRest = false;
        this.#reader.skip(tag & 7);
      }
    }
    this.hashes.push(this.#end(this.#begun.park, this.#bytes, id.start, id.end));
  }

  /** `first`: where the call of this park stands in `#calls`. */
  #call(first: number, end: number): void {
    const calls = this.#calls;
    calls.length = first;
    calls.push(0, 0, 0, 0, 0, 0);
    while (this.#reader.pos < end) {
      const tag = this.#reader.uint32();
      if (tag === CALL.mediaNode) this.#put(calls, first);
      else if (tag === CALL.callId) this.#put(calls, first + 2);
      else if (tag === CALL.sipCallId) this.#put(calls, first + 4);
      else this.#reader.skip(tag & 7);
    }
  }

  #atMs(end: number): number {
    let atMs = 0;
    while (this.#reader.pos < end) {
      const tag = this.#reader.uint32();
      if (tag === TRANSITION.atMs) atMs = Number(this.#reader.int64().toString());
      else this.#reader.skip(tag & 7);
    }
    return atMs;
  }

  #endedPark(end: number): void {
    const bytes = this.#bytes;
    const id = this.#endedId;
    id.set(0, 0);
    while (this.#reader.pos < end) {
      const tag = this.#reader.uint32();
      if (tag === ENDED.parkId) this.#span(id);
      else this.#reader.skip(tag & 7);
    }
    this.hashes.push(this.#end(this.#begun.ended, bytes, id.start, id.end));
    this.#endedMs = parkIdTimeMsIn(bytes, id.start, id.end);
  }

  #packedEnded(end: number): void {
    const packed = this.#bytes.subarray(this.#reader.pos, end);
    this.#reader.pos = end;
    eachPackedId(packed, (id) => {
      this.hashes.push(this.#end(this.#begun.ended, id, 0, id.length));
      this.#endedMs = parkIdTimeMsIn(id, 0, id.length);
    });
  }

  #hash(): void {
    const { hashes, tenantId, lotId, slot } = this;
    const bytes = this.#bytes;
    const { slot: slotBegun, call: callBegun, mark: markBegun } = this.#begun;
    const ofLot = this.#part(this.#part(slotBegun, bytes, tenantId.start, tenantId.end), bytes, lotId.start, lotId.end);
    hashes[0] = this.#end(ofLot, bytes, slot.start, slot.end);
    const calls = this.#calls;
    const marks = this.#markHashes;
    marks.length = 0;
    for (let i = 0; i < calls.length; i += 6) {
      const ofTenant = this.#part(callBegun, bytes, tenantId.start, tenantId.end);
      const ofNode = this.#part(ofTenant, bytes, calls[i], calls[i + 1]);
      hashes.push(this.#end(ofNode, bytes, calls[i + 2], calls[i + 3]));
      for (const id of [i + 2, i + 4]) {
        const [start, end] = [calls[id], calls[id + 1]];
        if (start !== end) marks.push(this.#end(markBegun, bytes, start, end));
      }
    }
    this.marks = callMarks(marks);
  }

  /** A part of a name that is not its last. */
  #part(begun: number, bytes: Uint8Array, start = 0, end = 0): number {
    return this.hash.more(this.hash.more(begun, bytes, start, end), SEPARATOR);
  }

  #end(begun: number, bytes: Uint8Array, start = 0, end = 0): number {
    return this.hash.end(this.hash.more(begun, bytes, start, end));
  }

  #span(span: Span): void {
    const end = this.#lengthEnd();
    span.set(this.#reader.pos, end);
    this.#reader.pos = end;
  }

  #put(spans: number[], index: number): void {
    const end = this.#lengthEnd();
    spans[index] = this.#reader.pos;
    spans[index + 1] = end;
    this.#reader.pos = end;
  }

  /** Reads a length: where what has it ends. */
  #lengthEnd(): number {
    const end = this.#reader.uint32() + this.#reader.pos;
    if (end > this.#bytes.length) throw new RangeError('premature EOF');
    return end;
  }
}
