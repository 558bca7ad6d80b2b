import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { TLSSocket } from 'node:tls';
import { Metadata, type ServerUnaryCall, type ServiceError, status } from '@grpc/grpc-js';
import type { Timeout, Timeouts } from '@parkade/clock';
import { frame, MessageReader } from './frames.js';

/** A unary method, with the handler and the (de)serializers grpc-js would be given. */
export interface UnaryMethod {
  readonly handler: (call: unknown, callback: (error: Partial<ServiceError> | null, value?: unknown) => void) => void;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (message: unknown) => Buffer;
}

export interface UnaryCallDeps {
  readonly timeouts: Timeouts;
  /** Bytes of one request. */
  readonly maxMessageBytes: number;
}

/** What handlers are shown of a call. */
type CallSurface = Pick<
  ServerUnaryCall<unknown, unknown>,
  | 'request'
  | 'cancelled'
  | 'metadata'
  | 'getPeer'
  | 'sendMetadata'
  | 'getDeadline'
  | 'getPath'
  | 'getHost'
  | 'getAuthContext'
>;

const OK_HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' };
/** No date in the answer: grpc has no use for it. */
const NO_DATE = { sendDate: false };
const WITH_TRAILERS = { waitForTrailers: true, ...NO_DATE };
const OK_TRAILERS = { 'grpc-status': '0' };

/**
 * One unary call on its HTTP/2 stream, and the call as its handler sees it: grpc-js's `ServerUnaryCall` without load metrics.
 *
 *   U1. The handler is run once, when the request is whole, and never for a request that was refused.
 *   U2. The stream gets one status: the handler's, the deadline's, or that of a request that is none; what comes later is dropped.
 *   U3. `cancelled` is emitted where the caller goes before it has its status.
 */
export class UnaryCall extends EventEmitter implements CallSurface {
  request: unknown;
  #metadata: Metadata | undefined;
  #timeout: Timeout | undefined;
  #deadlineMs = Infinity;
  #initial: Metadata | undefined;
  #ended = false;
  #cancelled = false;
  readonly #reader: MessageReader;

  constructor(
    readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
    private readonly method: UnaryMethod,
    private readonly deps: UnaryCallDeps,
  ) {
    super();
    this.#reader = new MessageReader(deps.maxMessageBytes);
    stream.on('error', ignored);
    stream.on('close', () => this.#closed());
    const timeout = headers['grpc-timeout'];
    if (timeout !== undefined && !this.#limit(timeout)) return;
    stream.on('data', (bytes: Buffer) => this.#read(bytes));
    stream.on('end', () => this.#end());
  }

  /** What the caller sent with it; made when first asked for, as most handlers never ask. */
  get metadata(): Metadata {
    return (this.#metadata ??= Metadata.fromHttp2Headers(withoutOurs(this.headers)));
  }

  /** One of the headers it came with, without making all of its metadata; undefined: it has none of that name. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return typeof value === 'object' ? value[0] : value;
  }

  /** Whether the caller is gone. */
  get cancelled(): boolean {
    // Reset by its caller, a stream is closed before it is destroyed, and nothing may be sent on it.
    return this.#cancelled || this.stream.closed || this.stream.destroyed;
  }

  /** Wall ms; Infinity: none. */
  getDeadline(): number {
    return this.#deadlineMs;
  }

  getPath(): string {
    return this.headers[':path'] ?? '';
  }

  getHost(): string {
    return this.headers[':authority'] ?? '';
  }

  /** `address:port`, or `unknown`. */
  getPeer(): string {
    return peerOf(this.stream.session);
  }

  /** The caller's certificate, where it showed one that our CA signed. */
  getAuthContext(): ReturnType<ServerUnaryCall<unknown, unknown>['getAuthContext']> {
    const socket = this.stream.session?.socket;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return {};
    const certificate = socket.getPeerCertificate();
    const shown = Object.keys(certificate).length > 0;
    return { transportSecurityType: 'ssl', ...(shown ? { sslPeerCertificate: certificate } : {}) };
  }

  /** To be sent before the answer; what is set after it is dropped. */
  sendMetadata(metadata: Metadata): void {
    this.#initial = metadata;
  }

  /** False: what it says is no time, and the call has its status. */
  #limit(timeout: string | readonly string[]): boolean {
    const ms = timeoutMs(String(timeout));
    if (ms === undefined) {
      this.#refuse(status.INTERNAL, `Invalid grpc-timeout value "${String(timeout)}"`);
      return false;
    }
    const { timeouts } = this.deps;
    this.#deadlineMs = timeouts.clock.nowMs() + ms;
    this.#timeout = timeouts.add(timeouts.clock.monotonicMs() + ms, () =>
      this.#refuse(status.DEADLINE_EXCEEDED, 'Deadline exceeded'),
    );
    return true;
  }

  #read(bytes: Buffer): void {
    if (this.#ended) return;
    const found = this.#reader.add(bytes);
    if (found === undefined) return;
    if (found instanceof Uint8Array) this.#run(found);
    else this.#refuse(found.code, found.details);
  }

  #end(): void {
    if (!this.#reader.done) this.#refuse(status.UNIMPLEMENTED, 'A unary call has one request message; there was none.');
  }

  #run(bytes: Buffer): void {
    try {
      this.request = this.method.requestDeserialize(bytes);
      this.method.handler(this, (error, value) => this.#answer(error, value));
    } catch (error) {
      this.#refuse(status.UNKNOWN, error instanceof Error ? error.message : String(error));
    }
  }

  #answer(error: Partial<ServiceError> | null, value: unknown): void {
    if (this.#ended || this.cancelled) return;
    if (error !== null) {
      this.#refuse(error.code ?? status.UNKNOWN, error.details ?? error.message ?? '', error.metadata);
      return;
    }
    let message: Buffer;
    try {
      message = frame(this.method.responseSerialize(value));
    } catch {
      this.#refuse(status.INTERNAL, 'Error serializing response');
      return;
    }
    this.#over();
    const { stream } = this;
    const headers = this.#initial === undefined ? OK_HEADERS : { ...OK_HEADERS, ...this.#initial.toHttp2Headers() };
    stream.respond(headers, WITH_TRAILERS);
    stream.on('wantTrailers', sendOk);
    stream.end(message);
  }

  /** A status without a message, in one frame. */
  #refuse(code: status, details: string, metadata?: Metadata): void {
    if (this.#ended || this.cancelled) return;
    this.#over();
    const trailers = {
      ...OK_HEADERS,
      'grpc-status': String(code),
      'grpc-message': encodeURI(details.replace(/\p{Cs}/gu, '\uFFFD')),
      ...metadata?.toHttp2Headers(),
    };
    this.stream.respond(trailers, { endStream: true, ...NO_DATE });
    // What of the request is still to come is not wanted.
    this.stream.resume();
  }

  #closed(): void {
    if (this.#ended) return;
    this.#cancelled = true;
    this.#over();
    this.emit('cancelled', 'cancelled');
  }

  #over(): void {
    this.#ended = true;
    if (this.#timeout !== undefined) this.deps.timeouts.remove(this.#timeout);
    this.#timeout = undefined;
  }
}

/** The first value of a call's metadata, of text; for a unary call without making the rest of it, which costs 1 to 3 µs. */
export function headerOf(call: { readonly metadata: Metadata }, name: string): string | undefined {
  if (call instanceof UnaryCall) return call.header(name);
  const [value] = call.metadata.get(name);
  return value === undefined ? undefined : String(value);
}

/** A stream that breaks closes as well, and that is told. */
function ignored(): void {
  // Nothing can be done about it here.
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(OK_TRAILERS);
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Of a `grpc-timeout` header (at most 8 digits and a unit); undefined: it is none. */
function timeoutMs(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,8})\s*([HMSmun])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(digits) * unitMs;
}

/** What belongs to the transport, and handlers do not see. */
const TRANSPORT: ReadonlySet<string> = new Set([
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'accept-encoding',
  'content-type',
  'te',
]);

/** Written as a loop: by way of its entries it cost 2 µs of the 33 of a call. */
function withoutOurs(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const others: IncomingHttpHeaders = {};
  for (const name in headers) {
    if (!name.startsWith(':') && !TRANSPORT.has(name)) others[name] = headers[name];
  }
  return others;
}

/** By connection: asked of its socket for each call they cost 1 µs. */
const peers = new WeakMap<object, string>();

function peerOf(session: ServerHttp2Stream['session']): string {
  if (session === undefined) return 'unknown';
  const known = peers.get(session);
  if (known !== undefined) return known;
  const { remoteAddress, remotePort } = session.socket;
  if (remoteAddress === undefined) return 'unknown';
  const peer = `${remoteAddress}:${remotePort ?? 0}`;
  peers.set(session, peer);
  return peer;
}
