import { status } from '@grpc/grpc-js';

/** Before each message: whether it is compressed (one byte) and its length (four). */
const PREFIX_BYTES = 5;

/** A message with its prefix. */
export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Why what came is no request of a unary call. */
export interface NoRequest {
  readonly code: status;
  readonly details: string;
}

/** Reads the one message of a unary call, in however many pieces it comes. It is never larger in memory than `maxBytes`. */
export class MessageReader {
  #pieces: Buffer | undefined;
  /** The message was told. */
  done = false;

  constructor(private readonly maxBytes: number) {}

  /** The message, once it is whole; undefined: more is to come. */
  add(piece: Buffer): Buffer | NoRequest | undefined {
    if (this.done)
      return { code: status.UNIMPLEMENTED, details: 'A unary call has one request message; there was another.' };
    const bytes = this.#pieces === undefined ? piece : Buffer.concat([this.#pieces, piece]);
    if (bytes.length < PREFIX_BYTES) {
      this.#pieces = bytes;
      return undefined;
    }
    const length = bytes.readUInt32BE(1);
    if (bytes[0] !== 0) return { code: status.INTERNAL, details: 'A compressed message, without a grpc-encoding.' };
    if (length > this.maxBytes) {
      const details = `Received message larger than max (${length} vs ${this.maxBytes})`;
      return { code: status.RESOURCE_EXHAUSTED, details };
    }
    const end = PREFIX_BYTES + length;
    if (bytes.length < end) {
      this.#pieces = bytes;
      return undefined;
    }
    this.#pieces = undefined;
    this.done = true;
    if (bytes.length > end)
      return { code: status.UNIMPLEMENTED, details: 'A unary call has one request message; there was another.' };
    return bytes.subarray(PREFIX_BYTES, end);
  }
}
