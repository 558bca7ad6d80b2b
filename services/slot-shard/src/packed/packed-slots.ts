import { SlotName, type SlotRecord } from '@parkade/proto';
import { BinaryReader } from '@parkade/proto/wire';
import { decodeRecord } from '@parkade/slots';
import type { CallMarks } from './call-marks.js';
import { HashIndex } from './hash-index.js';
import type { CallKey, NameHashes } from './name-hashes.js';
import { MAX_UNPACKED, RecordPacker } from './record-packer.js';
import { MAX_PIECE, Slab } from './slab.js';

/** A slot's record, with what is asked of it without looking into it. */
export interface Packable {
  /** Of all names it is found by, the slot's own first. */
  readonly hashes: readonly number[];
  /** Of the ids of its calls. */
  readonly marks: CallMarks;
  readonly revision: number;
  /** Whose slot it is, as the table numbers its lots. */
  readonly lot: number;
  /** When the slot became free, wall ms; 0: somebody is in it. */
  readonly freedAtMs: number;
}

/** A packed slot that was looked into. */
export interface Found {
  readonly place: number;
  readonly record: SlotRecord;
}

const FIRST_CAPACITY = 16;
const NOT_PACKED = 0xffffffff;
/** Of a record's beginning: longer than nearly every name of a slot. */
const HEAD_BYTES = 128;
/** The first byte of a record: field 1, of many bytes. */
const NAME_TAG = 0x0a;

/**
 * The records of slots that nothing happens to: a parked call waits for half a minute or for hours, and takes some 350 bytes
 * here where its objects take 4,700, none of which a garbage collection has to walk through.
 *
 * A place is a small number that stands for one slot of a shard for as long as somebody has taken it, packed or not.
 *
 *   Z1. What is unpacked is what was packed. A record too large for it is not taken.
 *   Z2. A packed slot is found by its name, by the ids of its parks and of those that ended lately, and by its calls; once it is unpacked
 *       by none of these.
 *   Z3. What is asked often (revision, lot, whether it is free, whether it may have a call) is read without unpacking.
 */
export class PackedSlots {
  #position = new Uint32Array(FIRST_CAPACITY);
  #revision = new Float64Array(FIRST_CAPACITY);
  #freedAtMs = new Float64Array(FIRST_CAPACITY);
  #lot = new Uint32Array(FIRST_CAPACITY);
  /** Of each place the two words of its marks. */
  #marks = new Int32Array(2 * FIRST_CAPACITY);
  readonly #freePlaces: number[] = [];
  #places = 0;
  readonly #index = new HashIndex();
  readonly #slab = new Slab(
    (place) => this.#position[place],
    (place, position) => (this.#position[place] = position),
  );
  #packer: RecordPacker | undefined;
  #size = 0;
  #tombstones = 0;

  /** `names`: the hashes of those that are packed, too. */
  constructor(private readonly names: NameHashes) {}

  /** How many slots are packed. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are free. */
  get tombstones(): number {
    return this.#tombstones;
  }

  /** One more than the highest place that was ever taken. */
  get places(): number {
    return this.#places;
  }

  /** A place for a slot; nothing is packed there. */
  take(): number {
    const place = this.#freePlaces.pop() ?? this.#places++;
    if (place === this.#position.length) this.#grow();
    this.#position[place] = NOT_PACKED;
    return place;
  }

  /** The slot of this place is gone. It must not be packed. */
  release(place: number): void {
    this.#freePlaces.push(place);
  }

  isPacked(place: number): boolean {
    return (this.#position[place] ?? NOT_PACKED) !== NOT_PACKED;
  }

  revisionAt(place: number): number {
    return this.#revision[place] ?? 0;
  }

  lotAt(place: number): number {
    return this.#lot[place] ?? 0;
  }

  freedAtMs(place: number): number {
    return this.#freedAtMs[place] ?? 0;
  }

  /** False: no call of the packed slot has all of these marks. */
  mayHaveCall(place: number, { low, high }: CallMarks): boolean {
    return ((this.#marks[2 * place] ?? 0) & low) === low && ((this.#marks[2 * place + 1] ?? 0) & high) === high;
  }

  /** A free slot that is packed counts as freed then. */
  redate(place: number, freedAtMs: number): void {
    this.#freedAtMs[place] = freedAtMs;
  }

  /** The record of a packed slot. Throws RangeError when the place has none. */
  recordAt(place: number): SlotRecord {
    return decodeRecord(this.#bytesAt(place));
  }

  /** The name of a packed slot, for a fraction of what its record costs: it is the first field. */
  nameAt(place: number): SlotName {
    const head = this.#bytesAt(place, HEAD_BYTES);
    const reader = new BinaryReader(head);
    const end = reader.uint32() === NAME_TAG ? reader.uint32() + reader.pos : Infinity;
    if (end <= head.length) return SlotName.decode(reader, end - reader.pos);
    return this.recordAt(place).name ?? SlotName.create();
  }

  /** Packs the slot of a place, whose record is `bytes`; whether it did. */
  pack(place: number, { hashes, marks, revision, lot, freedAtMs }: Packable, bytes: Uint8Array): boolean {
    if (bytes.length > MAX_UNPACKED) return false;
    this.#packer ??= new RecordPacker(bytes);
    const piece = this.#packer.pack(bytes);
    if (piece.length > MAX_PIECE) return false;
    this.#position[place] = this.#slab.add(place, piece);
    this.#revision[place] = revision;
    this.#lot[place] = lot;
    this.#freedAtMs[place] = freedAtMs;
    this.#marks[2 * place] = marks.low;
    this.#marks[2 * place + 1] = marks.high;
    this.#size++;
    if (freedAtMs > 0) this.#tombstones++;
    for (const hash of hashes) this.#index.add(hash, place);
    return true;
  }

  /** Takes the record of a place out again. */
  unpack(place: number, record = this.recordAt(place)): SlotRecord {
    const position = this.#position[place] ?? NOT_PACKED;
    this.#position[place] = NOT_PACKED;
    this.#slab.free(position);
    this.#size--;
    if (this.freedAtMs(place) > 0) this.#tombstones--;
    for (const hash of this.names.ofRecord(record)) this.#index.delete(hash, place);
    return record;
  }

  findSlot(tenantId: string, lotId: string, slot: string): Found | undefined {
    if (this.#size === 0) return undefined;
    const isMeant = ({ name }: SlotRecord): boolean =>
      name?.tenantId === tenantId && name.lotId === lotId && name.slot === slot;
    return this.#find(this.names.slot(tenantId, lotId, slot), isMeant);
  }

  /** Whether a slot is packed whose name has this hash; nearly always the slot of that name. */
  mayHave(slotHash: number): boolean {
    return this.#size > 0 && this.#index.find(slotHash, () => true) !== undefined;
  }

  findPark(id: string): Found | undefined {
    if (this.#size === 0) return undefined;
    return this.#find(this.names.park(id), ({ parks }) => parks.some(({ parkId }) => parkId === id));
  }

  /** The slot a park was in that ended lately. */
  findEnded(id: string): Found | undefined {
    if (this.#size === 0) return undefined;
    return this.#find(this.names.ended(id), ({ ended }) => ended.some(({ parkId }) => parkId === id));
  }

  findCall(tenantId: string, call: CallKey): Found | undefined {
    if (this.#size === 0) return undefined;
    const isCall = (other: CallKey | undefined): boolean =>
      other?.mediaNode === call.mediaNode && other.callId === call.callId;
    const isMeant = ({ name, parks }: SlotRecord): boolean =>
      name?.tenantId === tenantId && parks.some((park) => isCall(park.call));
    return this.#find(this.names.call(tenantId, call), isMeant);
  }

  #bytesAt(place: number, atMost?: number): Buffer {
    const position = this.#position[place] ?? NOT_PACKED;
    if (this.#packer === undefined || position === NOT_PACKED) throw new RangeError(`nothing is packed at ${place}`);
    return this.#packer.unpack(this.#slab.read(position), atMost);
  }

  #find(hash: number, isMeant: (record: SlotRecord) => boolean): Found | undefined {
    let found: SlotRecord | undefined;
    const place = this.#index.find(hash, (candidate) => {
      found = this.recordAt(candidate);
      return isMeant(found);
    });
    return place === undefined || found === undefined ? undefined : { place, record: found };
  }

  #grow(): void {
    const capacity = Math.ceil(this.#position.length * 1.5);
    this.#position = grown(new Uint32Array(capacity), this.#position);
    this.#revision = grown(new Float64Array(capacity), this.#revision);
    this.#freedAtMs = grown(new Float64Array(capacity), this.#freedAtMs);
    this.#lot = grown(new Uint32Array(capacity), this.#lot);
    this.#marks = grown(new Int32Array(2 * capacity), this.#marks);
  }
}

function grown<T extends Float64Array | Uint32Array | Int32Array>(larger: T, old: T): T {
  larger.set(old);
  return larger;
}
