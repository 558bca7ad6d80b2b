const CHUNK_BYTES = 32 * 1024;
/** Before each piece: whose it is (4 bytes), and its length (2). */
const HEADER_BYTES = 6;
/** A length that no piece has. */
const NO_PIECE = 0xffff;
/** The longest piece. */
export const MAX_PIECE = 8 * 1024;

/**
 * Pieces of bytes one behind the other in chunks: no object a piece, six bytes beside it.
 *
 *   S1. A piece stays where it is until it is freed, or until `moved` says where it is now.
 *   S2. Of every chunk but the one being filled at least two thirds are in use: one with less is emptied, its pieces moved. So a byte
 *       freed costs at most two bytes moved.
 */
export class Slab {
  readonly #chunks: (Buffer | undefined)[] = [];
  /** Bytes of each chunk that were freed. */
  readonly #dead: number[] = [];
  readonly #empty: number[] = [];
  #head = -1;
  #used = CHUNK_BYTES;

  /** `at`: where the piece of an owner is; undefined: it has none. `moved`: it is elsewhere now. */
  constructor(
    private readonly at: (owner: number) => number | undefined,
    private readonly moved: (owner: number, position: number) => void,
  ) {}

  /** Bytes of the chunks. */
  get bytes(): number {
    return (this.#chunks.length - this.#empty.length) * CHUNK_BYTES;
  }

  /** Puts a piece of at most `MAX_PIECE` bytes for `owner` (0 or more, below 2^32), who has none; tells its position. */
  add(owner: number, piece: Uint8Array): number {
    const size = HEADER_BYTES + piece.length;
    if (this.#used + size > CHUNK_BYTES) this.#open();
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) throw new Error('no chunk is open');
    const offset = this.#used;
    chunk.writeUInt32LE(owner, offset);
    chunk.writeUInt16LE(piece.length, offset + 4);
    chunk.set(piece, offset + HEADER_BYTES);
    this.#used += size;
    return this.#head * CHUNK_BYTES + offset;
  }

  /** A view of the piece at a position, good until the next change. */
  read(position: number): Buffer {
    const [chunk, offset] = this.#locate(position);
    const start = offset + HEADER_BYTES;
    return chunk.subarray(start, start + chunk.readUInt16LE(offset + 4));
  }

  /** The piece at a position is needed no more; its owner says so from now on. */
  free(position: number): void {
    const [chunk, offset] = this.#locate(position);
    const index = (position - offset) / CHUNK_BYTES;
    this.#dead[index] = (this.#dead[index] ?? 0) + HEADER_BYTES + chunk.readUInt16LE(offset + 4);
    if (index !== this.#head && this.#isSparse(index)) this.#clear(index, chunk);
  }

  #locate(position: number): [Buffer, number] {
    const offset = position % CHUNK_BYTES;
    const chunk = this.#chunks[(position - offset) / CHUNK_BYTES];
    if (chunk === undefined) throw new RangeError(`nothing at ${position}`);
    return [chunk, offset];
  }

  #open(): void {
    const filled = this.#head;
    const last = this.#chunks[filled];
    // Behind the last piece there is the header of none.
    if (last !== undefined && this.#used + HEADER_BYTES <= CHUNK_BYTES) last.writeUInt16LE(NO_PIECE, this.#used + 4);
    this.#head = this.#empty.pop() ?? this.#chunks.length;
    this.#chunks[this.#head] = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#dead[this.#head] = 0;
    this.#used = 0;
    if (last !== undefined && this.#isSparse(filled)) this.#clear(filled, last);
  }

  #isSparse(index: number): boolean {
    return 3 * (this.#dead[index] ?? 0) > CHUNK_BYTES;
  }

  #clear(index: number, chunk: Buffer): void {
    const first = index * CHUNK_BYTES;
    for (let offset = 0; offset + HEADER_BYTES <= CHUNK_BYTES;) {
      const length = chunk.readUInt16LE(offset + 4);
      if (length === NO_PIECE) break;
      const owner = chunk.readUInt32LE(offset);
      const start = offset + HEADER_BYTES;
      if (this.at(owner) === first + offset) this.moved(owner, this.add(owner, chunk.subarray(start, start + length)));
      offset = start + length;
    }
    this.#chunks[index] = undefined;
    this.#dead[index] = 0;
    this.#empty.push(index);
  }
}
