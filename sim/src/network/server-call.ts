import { EventEmitter } from 'node:events';
import { Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { TRACEPARENT } from '@parkade/rpc';
import type { OpenedCall } from './listener.js';

type Method = MethodDefinition<unknown, unknown>;

export interface Ended {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata | undefined;
}

/** Where the answers of a call go. */
export interface ServerEnd {
  message(bytes: Buffer): void;
  /** Once. */
  ended(ended: Ended): void;
}

interface About {
  readonly path: string;
  readonly deadlineMs: number;
  readonly peer: string;
  readonly traceparent: string | undefined;
}

export type UnaryHandler = (call: ServerCall, callback: (error: unknown, value?: unknown) => void) => void;
export type StreamHandler = (call: ServerStream) => void;

/** What a handler sees of a call; the part of grpc-js's server calls that handlers of ours use. */
export class ServerCall extends EventEmitter {
  readonly metadata = new Metadata();
  request: unknown;
  cancelled = false;

  constructor(private readonly about: About) {
    super();
    if (about.traceparent !== undefined) this.metadata.set(TRACEPARENT, about.traceparent);
  }

  getDeadline(): number {
    return this.about.deadlineMs;
  }

  getPeer(): string {
    return this.about.peer;
  }

  getPath(): string {
    return this.about.path;
  }
}

/** A streaming call: also what is written to. As in grpc-js, an `error` that is emitted is what its caller hears. */
export class ServerStream extends ServerCall {
  #over = false;

  constructor(
    about: About,
    private readonly method: Method,
    private readonly to: ServerEnd,
  ) {
    super(about);
    this.on('error', (error: Partial<Ended>) => this.#end(endedOf(error)));
  }

  write(message: unknown): boolean {
    if (this.#over || this.cancelled) return false;
    this.to.message(this.method.responseSerialize(message));
    return true;
  }

  end(): void {
    this.#end({ code: status.OK, details: '' });
  }

  #end(ended: Ended): void {
    if (this.#over || this.cancelled) return;
    this.#over = true;
    this.to.ended(ended);
    this.emit('finish');
    this.emit('close');
  }
}

/** A unary call: the handler is called when its request is here. */
export function unaryCall(method: Method, handler: UnaryHandler, about: About, end: ServerEnd): OpenedCall {
  const call = new ServerCall(about);
  let over = false;
  return {
    message: (bytes) => {
      call.request = method.requestDeserialize(bytes);
      handler(call, (error, value) => {
        if (over) return;
        over = true;
        if (error !== null && error !== undefined) return end.ended(endedOf(error));
        end.message(method.responseSerialize(value));
        end.ended({ code: status.OK, details: '' });
      });
    },
    halfClosed: () => undefined,
    cancelled: () => {
      if (over) return;
      over = true;
      call.cancelled = true;
      call.emit('cancelled', 'cancelled');
    },
  };
}

/** A call with a stream in one or both directions. */
export function streamCall(method: Method, handler: StreamHandler, about: About, end: ServerEnd): OpenedCall {
  const stream = new ServerStream(about, method, end);
  if (method.requestStream) handler(stream);
  return {
    message: (bytes) => {
      const request = method.requestDeserialize(bytes);
      if (method.requestStream) {
        stream.emit('data', request);
        return;
      }
      stream.request = request;
      handler(stream);
    },
    halfClosed: () => {
      if (method.requestStream) stream.emit('end');
    },
    cancelled: () => {
      if (stream.cancelled) return;
      stream.cancelled = true;
      stream.emit('cancelled', 'cancelled');
      stream.emit('close');
    },
  };
}

function endedOf(error: unknown): Ended {
  const { code = status.UNKNOWN, details, metadata } = error as Partial<Ended>;
  return { code, details: details ?? String(error), metadata };
}
