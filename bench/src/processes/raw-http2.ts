import { connect, type Socket } from 'node:net';

/** Where calls go, and who makes them. */
export interface RawCalls {
  readonly address: string;
  readonly path: string;
  /** Undefined: nobody is told who calls. At most 3 KiB: it must fit into the server's table of headers. */
  readonly token: string | undefined;
}

/** A stream of the client is answered: `ok` where its answer held a message, as that of a refusal does not. */
export type Answered = (stream: number, ok: boolean) => void;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const FRAME = { data: 0, headers: 1, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 };
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
/** As large as it goes: what is read here need not be accounted for. */
const WINDOW = 2 ** 31 - 1;
const INITIAL_WINDOW = 65_535;

/**
 * A gRPC client that costs some 4 µs of CPU a call, for loads that are to show a server's own limit: one connection, the same headers
 * for each call, written as frames as they are; of the answers only the frames' heads are looked at. What it sends of one connection
 * must stay below the server's window (64 KiB) until it is answered. h2load does the same, but sends one body, and a call that is
 * parked already is refused.
 */
export class RawHttp2 {
  readonly #socket: Socket;
  readonly #headers: Buffer;
  /** Of the first call: it tells the server the token, and later ones only that it is the same. */
  readonly #firstHeaders: Buffer;
  #unread: Buffer = Buffer.alloc(0);
  #next = 1;
  #unsent: Buffer[] = [];
  readonly #withMessage = new Set<number>();

  constructor(
    { address, path, token }: RawCalls,
    private readonly answered: Answered,
  ) {
    const colon = address.lastIndexOf(':');
    const headers = headerBlock(path, address);
    this.#headers = token === undefined ? headers : Buffer.concat([headers, KNOWN_TOKEN]);
    this.#firstHeaders = token === undefined ? headers : Buffer.concat([headers, newToken(token)]);
    this.#socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes) => this.#read(bytes));
    this.#socket.on('error', () => undefined);
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(4, 0);
    settings.writeUInt32BE(WINDOW, 2);
    const more = Buffer.alloc(4);
    more.writeUInt32BE(WINDOW - INITIAL_WINDOW);
    this.#socket.write(
      Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, settings), frame(FRAME.windowUpdate, 0, 0, more)]),
    );
  }

  /** Sends a message as a call of its own; returns its stream. All of a turn of the event loop leave in one write. */
  call(message: Buffer): number {
    const stream = this.#next;
    this.#next += 2;
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    if (this.#unsent.length === 0) setImmediate(() => this.#flush());
    this.#unsent.push(
      frame(FRAME.headers, END_HEADERS, stream, stream === 1 ? this.#firstHeaders : this.#headers),
      frame(FRAME.data, END_STREAM, stream, Buffer.concat([prefix, message])),
    );
    return stream;
  }

  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#unsent);
    this.#unsent = [];
    this.#socket.write(bytes);
  }

  #read(bytes: Buffer): void {
    const all = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    let at = 0;
    while (all.length - at >= 9) {
      const length = all.readUIntBE(at, 3);
      if (all.length - at < 9 + length) break;
      this.#frame(all[at + 3] ?? 0, all[at + 4] ?? 0, all.readUInt32BE(at + 5) & WINDOW, all, at + 9, length);
      at += 9 + length;
    }
    this.#unread = all.subarray(at);
  }

  #frame(type: number, flags: number, stream: number, all: Buffer, at: number, length: number): void {
    if (type === FRAME.settings && (flags & ACK) === 0)
      this.#socket.write(frame(FRAME.settings, ACK, 0, Buffer.alloc(0)));
    else if (type === FRAME.ping && (flags & ACK) === 0) {
      this.#socket.write(frame(FRAME.ping, ACK, 0, all.subarray(at, at + length)));
    } else if (type === FRAME.data && length > 0) this.#withMessage.add(stream);
    if (stream === 0 || (flags & END_STREAM) === 0 || (type !== FRAME.headers && type !== FRAME.data)) return;
    this.answered(stream, this.#withMessage.delete(stream));
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(9 + payload.length);
  framed.writeUIntBE(payload.length, 0, 3);
  framed[3] = type;
  framed[4] = flags;
  framed.writeUInt32BE(stream, 5);
  framed.set(payload, 9);
  return framed;
}

/** The first entry of the table of headers that a connection fills (RFC 7541, 2.3.3): the token is the only one. */
const KNOWN_TOKEN = Buffer.from([0x80 | 62]);

/** The token, to be remembered by the server for the connection (RFC 7541, 6.2.1), as clients of gRPC do it. */
function newToken(token: string): Buffer {
  const name = 'authorization';
  const value = `Bearer ${token}`;
  return Buffer.concat([
    Buffer.from([0x40, name.length]),
    Buffer.from(name),
    longLength(value.length),
    Buffer.from(value),
  ]);
}

/** A length of 127 or more behind a bit of its own (RFC 7541, 5.1). */
function longLength(length: number): Buffer {
  const bytes = [0x7f];
  for (let rest = length - 0x7f; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** The headers of a gRPC call (RFC 7541, each as a literal that is not indexed: the block never changes). */
function headerBlock(path: string, authority: string): Buffer {
  const fields = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', authority],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ];
  return Buffer.concat(
    fields.flatMap(([name = '', value = '']) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
}
