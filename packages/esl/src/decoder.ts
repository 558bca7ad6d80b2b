// Decoder of what FreeSWITCH sends, for any chunking.
//   D1. The frames depend on the bytes alone, never on how they were cut into chunks.
//   D2. No more is held than one frame at its bounds plus one piece of input; a block grows by doubling, so the cost
//       stays linear in the bytes.
//   D3. A stream that breaks a bound, or whose frame limits cannot be read, ends with a typed error; the frames before
//       it are still handed over, and everything after it is ignored. No input makes it throw.
import { ByteBuffer } from './byte-buffer.js';
import { parseFrameHead, toFrame, type EslFrame, type FrameHead } from './frame.js';
import { DEFAULT_CODEC_LIMITS, type CodecLimits } from './limits.js';

/** Why a stream cannot be decoded further. */
export type DecodeError =
  | { reason: 'header-too-long'; limitBytes: number }
  | { reason: 'body-too-long'; limitBytes: number; lengthBytes: number }
  | { reason: 'bad-content-length'; value: string }
  | { reason: 'no-content-type' };

export interface Decoded {
  /** Whole frames, in order. */
  frames: EslFrame[];
  /** Set from the call on that met it; the connection is of no more use. */
  error: DecodeError | undefined;
}

const BLANK_LINE = Buffer.from('\n\n');
const LINE_FEED = 0x0a;
const MAX_PIECE_BYTES = 64 * 1024;
const NO_BODY = Buffer.alloc(0);

/** Incremental decoder of one connection. */
export class EslDecoder {
  readonly #limits: CodecLimits;
  readonly #bytes = new ByteBuffer();
  /** How much of the waiting bytes is known to hold no blank line. */
  #searched = 0;
  #head: (FrameHead & { bodyBytes: number }) | undefined;
  #error: DecodeError | undefined;

  constructor(limits: Partial<CodecLimits> = {}) {
    this.#limits = { ...DEFAULT_CODEC_LIMITS, ...limits };
  }

  /** Memory held for undecoded bytes. */
  get heldBytes(): number {
    return this.#bytes.capacity;
  }

  /** Whether the stream stands inside a frame: at the end of a connection, whether something was cut off. */
  get midFrame(): boolean {
    return this.#head !== undefined || this.#bytes.length > 0;
  }

  /** Decodes as many frames as `chunk` completes. The chunk is copied, so the caller may reuse it. */
  push(chunk: Uint8Array): Decoded {
    const frames: EslFrame[] = [];
    for (let at = 0; at < chunk.length && this.#error === undefined; at += MAX_PIECE_BYTES) {
      this.#bytes.append(chunk.subarray(at, at + MAX_PIECE_BYTES));
      this.#drain(frames);
    }
    return { frames, error: this.#error };
  }

  #drain(frames: EslFrame[]): void {
    while (this.#error === undefined) {
      this.#head ??= this.#nextHead();
      if (this.#head === undefined || this.#bytes.length < this.#head.bodyBytes) return;
      const head = this.#head;
      this.#head = undefined;
      frames.push(toFrame(head, head.bodyBytes === 0 ? NO_BODY : this.#bytes.take(head.bodyBytes)));
    }
  }

  #nextHead(): (FrameHead & { bodyBytes: number }) | undefined {
    while (this.#bytes.at(0) === LINE_FEED) this.#bytes.take(1);
    const end = this.#bytes.indexOf(BLANK_LINE, this.#searched);
    // Without a blank line the last byte may be its first half; everything before it is header.
    const headerBytes = end < 0 ? this.#bytes.length - 1 : end;
    if (headerBytes > this.#limits.maxHeaderBytes) {
      return this.#fail({ reason: 'header-too-long', limitBytes: this.#limits.maxHeaderBytes });
    }
    this.#searched = end < 0 ? Math.max(0, headerBytes) : 0;
    if (end < 0) return undefined;
    const head = parseFrameHead(this.#bytes.take(end).toString('utf8'));
    this.#bytes.take(BLANK_LINE.length);
    if (head === undefined) return this.#fail({ reason: 'no-content-type' });
    const bodyBytes = this.#bodyBytes(head);
    return bodyBytes === undefined ? undefined : { ...head, bodyBytes };
  }

  #bodyBytes({ headers }: FrameHead): number | undefined {
    const value = headers.get('Content-Length');
    if (value === undefined) return 0;
    if (!/^\d{1,10}$/.test(value)) return this.#fail({ reason: 'bad-content-length', value: value.slice(0, 32) });
    const lengthBytes = Number(value);
    const limitBytes = this.#limits.maxBodyBytes;
    return lengthBytes <= limitBytes ? lengthBytes : this.#fail({ reason: 'body-too-long', limitBytes, lengthBytes });
  }

  #fail(error: DecodeError): undefined {
    this.#error = error;
    return undefined;
  }
}
