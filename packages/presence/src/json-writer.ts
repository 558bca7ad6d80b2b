const [QUOTE, COMMA, COLON, BACKSLASH, BRACE, END_BRACE, NEWLINE] = [0x22, 0x2c, 0x3a, 0x5c, 0x7b, 0x7d, 0x0a];
const [FIRST_PLAIN, LAST_PLAIN] = [0x20, 0x7e];

const NOTHING = Buffer.alloc(0);
const FIRST_BYTES = 16 * 1_024;
/** A buffer that grew beyond this for one large batch is not kept. */
const KEPT_BYTES = 1_024 * 1_024;

/**
 * The buffer that waits for the next writer; undefined while one has it. A new one for each batch of events, of which most are 90 kB, was a
 * third of the memory outside the heap that an owner allocated, and each 32 MB of that begin a collection.
 */
let spare: Buffer | undefined;

/**
 * JSON objects of texts and numbers, one a line, written as UTF-8 into one buffer. Names and `kind`s are ASCII that needs no escapes.
 *
 *   J1. A text that is empty, and a number that is 0, are left out.
 */
export class JsonWriter {
  #bytes: Buffer;
  #length = 0;

  constructor() {
    this.#bytes = spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    spare = undefined;
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** What was written, good until more is. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Nobody looks at `bytes` any more: the next writer writes in their place. This one is empty again. */
  release(): void {
    if (this.#bytes.length > 0 && this.#bytes.length <= KEPT_BYTES) spare = this.#bytes;
    this.#bytes = NOTHING;
    this.#length = 0;
  }

  /** Takes back what was written beyond `length`. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Begins an object, in a line of its own. */
  line(): this {
    this.#room(2);
    if (this.#length > 0) this.#bytes[this.#length++] = NEWLINE;
    this.#bytes[this.#length++] = BRACE;
    return this;
  }

  /** Begins an object within the object. */
  begin(name: string): this {
    this.#name(name, 1);
    this.#bytes[this.#length++] = BRACE;
    return this;
  }

  /** Ends what was begun last. */
  end(): this {
    this.#room(1);
    this.#bytes[this.#length++] = END_BRACE;
    return this;
  }

  text(name: string, value: string): this {
    if (value === '') return this;
    this.#name(name, value.length + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code < FIRST_PLAIN || code > LAST_PLAIN || code === QUOTE || code === BACKSLASH) return this.#escaped(value);
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.#length = at;
    return this;
  }

  number(name: string, value: number): this {
    if (value === 0) return this;
    const digits = String(value);
    this.#name(name, digits.length);
    this.#ascii(digits);
    return this;
  }

  #escaped(value: string): this {
    const json = JSON.stringify(value);
    this.#room(json.length * 3);
    this.#length += this.#bytes.write(json, this.#length, 'utf8');
    return this;
  }

  /** Begins a member; there is room for so many bytes of its value then. */
  #name(name: string, valueBytes: number): void {
    this.#room(name.length + 4 + valueBytes);
    if (this.#bytes[this.#length - 1] !== BRACE) this.#bytes[this.#length++] = COMMA;
    this.#bytes[this.#length++] = QUOTE;
    this.#ascii(name);
    this.#bytes[this.#length++] = QUOTE;
    this.#bytes[this.#length++] = COLON;
  }

  #ascii(text: string): void {
    let at = this.#length;
    for (let i = 0; i < text.length; i++) this.#bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * Math.max(this.#bytes.length, this.#length + size));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
