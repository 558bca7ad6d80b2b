const INITIAL_BYTES = 64 * 1024;
/** An empty block above this size is given back. */
const KEPT_BYTES = 512 * 1024;

/**
 * Bytes received and not yet decoded, in one block that doubles when full: each byte is copied a bounded number of
 * times however the stream is cut, and the block is given back once a large frame has gone.
 */
export class ByteBuffer {
  #block = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #start = 0;
  #end = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Memory held, in bytes. */
  get capacity(): number {
    return this.#block.length;
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#block.length) this.#makeRoom(this.length + bytes.length);
    this.#block.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Position of `needle` counted from the first waiting byte, searched from `from` on; -1 when it is not there. */
  indexOf(needle: Uint8Array, from: number): number {
    return this.#block.subarray(this.#start, this.#end).indexOf(needle, from);
  }

  /** The waiting byte at `index`. */
  at(index: number): number | undefined {
    return index < this.length ? this.#block[this.#start + index] : undefined;
  }

  /** The first `count` bytes, which stay. The view is valid until the next `append`. */
  peek(count: number): Buffer {
    return this.#block.subarray(this.#start, this.#start + count);
  }

  /** Takes `count` bytes off the front. The view is valid until the next `append`. */
  take(count: number): Buffer {
    const view = this.peek(count);
    this.#start += count;
    if (this.#start === this.#end) this.#reset();
    return view;
  }

  #reset(): void {
    this.#start = this.#end = 0;
    if (this.#block.length > KEPT_BYTES) this.#block = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  #makeRoom(needed: number): void {
    let capacity = INITIAL_BYTES;
    while (capacity < needed) capacity *= 2;
    const block = capacity === this.#block.length ? this.#block : Buffer.allocUnsafeSlow(capacity);
    this.#block.copy(block, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#block = block;
  }
}
