import {
  type handleUnaryCall,
  type Metadata,
  type MethodDefinition,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { Reason } from '@parkade/proto';
import { Refused } from './refused.js';
import { traceOf } from './traced.js';

/** Stands for a request whose bytes did not decode, so that its sender hears INVALID_ARGUMENT and not an internal error. */
export class Malformed {
  constructor(readonly cause: unknown) {}

  refused(): Refused {
    const text = this.cause instanceof Error ? this.cause.message : String(this.cause);
    return new Refused(Reason.MALFORMED_MESSAGE, `The message could not be decoded: ${text}`);
  }
}

/** The definition with request decoders that never throw: a broken message arrives at its handler as `Malformed`. */
export function tolerant<T extends ServiceDefinition>(definition: T): T {
  const entries = Object.entries(definition).map(([name, method]) => {
    const { requestDeserialize } = method as MethodDefinition<unknown, unknown>;
    const decode = (bytes: Buffer): unknown => {
      try {
        return requestDeserialize(bytes);
      } catch (error) {
        return new Malformed(error);
      }
    };
    return [name, { ...method, requestDeserialize: decode }] as const;
  });
  return Object.fromEntries(entries) as unknown as T;
}

/** What a unary handler may know of its call. */
export interface CallContext {
  /** Wall ms when the caller stops waiting; Infinity when it set no deadline. */
  readonly deadlineMs: number;
  /** The caller's address. */
  readonly peer: string;
  /** Whether the caller is gone. */
  readonly cancelled: () => boolean;
  /** The `traceparent` it is part of; undefined: nobody traces it. */
  readonly trace: string | undefined;
  /** Its full name: `/parkade.park.v1.ParkService/Park`. */
  readonly path: string;
  /** What it came with. */
  readonly metadata: Metadata;
  /** The call that this is the context of; for who knows something of it, such as who makes it. */
  readonly served: object;
}

/**
 * Makes a grpc-js handler of a function that answers or refuses. A rejection is a defect: the caller hears INTERNAL, `onDefect`
 * hears the error.
 */
export function unary<Request, Response>(
  handle: (request: Request, context: CallContext) => Promise<Response | Refused>,
  onDefect: (error: unknown) => void,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    const request: unknown = call.request;
    if (request instanceof Malformed) {
      callback(request.refused().toServiceError());
      return;
    }
    handle(call.request, callContext(call)).then(
      (result) => {
        if (result instanceof Refused) callback(result.toServiceError());
        else callback(null, result);
      },
      (error: unknown) => {
        onDefect(error);
        callback(defect().toServiceError());
      },
    );
  };
}

/** What a caller hears whose request met a defect of ours. */
export function defect(): Refused {
  return new Refused(Reason.INTERNAL, 'Something went wrong in Parkade; nothing else is known.');
}

/** The context of any grpc-js server call. */
export function callContext(call: {
  getDeadline(): Date | number;
  getPeer(): string;
  getPath(): string;
  readonly cancelled: boolean;
  readonly metadata: Metadata;
}): CallContext {
  const deadline = call.getDeadline();
  return {
    deadlineMs: typeof deadline === 'number' ? deadline : deadline.getTime(),
    get peer() {
      return call.getPeer();
    },
    cancelled: () => call.cancelled,
    // Made only where it is asked for: it cost 3 µs a call.
    get metadata() {
      return call.metadata;
    },
    path: call.getPath(),
    served: call,
    get trace() {
      return traceOf(call.metadata);
    },
  };
}
