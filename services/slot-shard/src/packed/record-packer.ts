import { readUuidText, UUID_BYTES, UUID_TEXT_BYTES, writeUuidText } from '@parkade/ids';

/** Matches shorter than this are not worth the three bytes that name them. */
const MIN_MATCH = 4;
const MAX_MATCH = MIN_MATCH + 0x7e;
/** An id as text is packed as the 16 bytes it says. */
const UUID_CODE = 0xff;
const DASH = 0x2d;
const FIRST_DASH = 8;
const MAX_LITERALS = 0x80;
/** Of the sample, so that its hash table and a distance stay small. */
const MAX_SAMPLE = 2_048;
/** The longest that can be packed: with the sample before it, every distance fits into two bytes. */
export const MAX_UNPACKED = 32 * 1024;
const HASH_BITS = 11;
const NOWHERE = -1;

/** Sample, then what is packed or unpacked; one for all, as nothing here waits. */
const window = Buffer.alloc(MAX_SAMPLE + MAX_UNPACKED);
/** Where four bytes with a hash were seen last in the window. */
const seen = new Int32Array(1 << HASH_BITS);
/** The UUID that was read last. */
const uuid = new Uint8Array(UUID_BYTES);
/** What was packed last: at worst a byte for every 128 more. */
const packed = Buffer.alloc(MAX_UNPACKED + MAX_UNPACKED / MAX_LITERALS + 1);

/**
 * Makes records shorter by what they have in common with a sample, and with themselves (a record names its call twice): LZ77
 * without entropy coding, since a record is too short for zlib's tables: 1 µs to pack where deflate with the same dictionary takes 15,
 * and 0.5 µs to unpack.
 *
 *   R1. What is unpacked is what was packed, byte for byte, whatever the bytes and the sample are.
 *
 * The form, in memory only: `n` below 128, then n + 1 bytes as they are; or 128 + n, then two bytes with a distance d: n + 4 bytes as they
 * stand d bytes before; or 255, then the 16 bytes of a UUID, of which nothing repeats and which is half of what is left.
 */
export class RecordPacker {
  readonly #sample: Buffer;
  /** What `seen` is before the first byte. */
  readonly #seen = new Int32Array(1 << HASH_BITS).fill(NOWHERE);

  /** `sample`: a record such as most of those to come; of a long one its beginning counts. */
  constructor(sample: Uint8Array) {
    this.#sample = Buffer.from(sample.subarray(0, MAX_SAMPLE));
    window.set(this.#sample);
    for (let at = 0; at + MIN_MATCH <= this.#sample.length; at++) this.#seen[hashAt(at)] = at;
  }

  /** At most `MAX_UNPACKED` bytes, packed: a view that is good until the next call. */
  pack(bytes: Uint8Array): Buffer {
    const start = this.#fill(bytes);
    const end = start + bytes.length;
    seen.set(this.#seen);
    let [at, literals, to] = [start, start, 0];
    while (at + MIN_MATCH <= end) {
      const hash = hashAt(at);
      const before = seen[hash] ?? NOWHERE;
      seen[hash] = at;
      const length = before === NOWHERE ? 0 : matchLength(before, at, Math.min(end, at + MAX_MATCH));
      const isShort = length < UUID_TEXT_BYTES && at + UUID_TEXT_BYTES <= end;
      if (isShort && window[at + FIRST_DASH] === DASH && readUuidText(window, at, uuid)) {
        to = putLiterals(literals, at, to);
        packed[to] = UUID_CODE;
        packed.set(uuid, to + 1);
        to += 1 + UUID_BYTES;
        at += UUID_TEXT_BYTES;
        literals = at;
        continue;
      }
      if (length < MIN_MATCH) {
        at++;
        continue;
      }
      to = putLiterals(literals, at, to);
      const distance = at - before;
      packed[to++] = 0x80 + length - MIN_MATCH;
      packed[to++] = distance & 0xff;
      packed[to++] = distance >>> 8;
      at += length;
      literals = at;
    }
    return packed.subarray(0, putLiterals(literals, end, to));
  }

  /** What was packed by this packer, in memory of its own; of what is longer than `atMost`, at least as much. */
  unpack(bytes: Uint8Array, atMost = Infinity): Buffer {
    const start = this.#fill();
    let to = start;
    for (let from = 0; from < bytes.length && to - start < atMost;) {
      const code = bytes[from++] ?? 0;
      if (code < 0x80) {
        for (const end = from + code; from <= end;) window[to++] = bytes[from++] ?? 0;
        continue;
      }
      if (code === UUID_CODE) {
        to = writeUuidText(bytes, from, window, to);
        from += UUID_BYTES;
        continue;
      }
      let source = to - ((bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8));
      from += 2;
      // Byte by byte: what is copied may begin where it is still being written.
      for (const end = to + (code & 0x7f) + MIN_MATCH; to < end;) window[to++] = window[source++] ?? 0;
    }
    return Buffer.from(window.subarray(start, to));
  }

  /** Puts the sample and `bytes` into the window; tells where `bytes` begin. */
  #fill(bytes?: Uint8Array): number {
    window.set(this.#sample);
    if (bytes !== undefined) window.set(bytes, this.#sample.length);
    return this.#sample.length;
  }
}

function hashAt(at: number): number {
  const four =
    (window[at] ?? 0) | ((window[at + 1] ?? 0) << 8) | ((window[at + 2] ?? 0) << 16) | ((window[at + 3] ?? 0) << 24);
  return Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function matchLength(before: number, at: number, end: number): number {
  let [from, to] = [before, at];
  while (to < end && window[from] === window[to]) {
    from++;
    to++;
  }
  return to - at;
}

/** Writes the bytes of the window from `from` on, below `end`, as they are; tells where it goes on. */
function putLiterals(from: number, end: number, to: number): number {
  let out = to;
  for (let at = from; at < end;) {
    const count = Math.min(end - at, MAX_LITERALS);
    packed[out++] = count - 1;
    for (const last = at + count; at < last;) packed[out++] = window[at++] ?? 0;
  }
  return out;
}
