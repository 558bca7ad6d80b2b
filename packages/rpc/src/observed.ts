import { status, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';

/** Told of every RPC a server ends, for metrics. Must not throw. `method` is `package.Service/Method`. */
export interface RpcObserver {
  /** A unary RPC was answered, so many ms after its request was decoded. */
  ended(method: string, code: status, tookMs: number): void;
  streamOpened(method: string): void;
  /** Once for each that was opened. */
  streamEnded(method: string, code: status): void;
}

type UnaryHandler = (call: unknown, callback: (error: unknown, ...rest: unknown[]) => void) => void;

interface Stream {
  once(event: 'finish' | 'cancelled', listener: () => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The same service, with `observer` told of its calls. */
export function observed(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  observer: RpcObserver,
  clock: Clock,
): UntypedServiceImplementation {
  const entries = Object.entries(implementation).map(([name, handler]) => {
    const method = definition[name];
    if (method === undefined || typeof handler !== 'function') return [name, handler] as const;
    const path = method.path.slice(1);
    if (method.requestStream || method.responseStream) {
      return [name, stream(handler as (...args: unknown[]) => void, path, observer)] as const;
    }
    return [name, unaryCall(handler as unknown as UnaryHandler, path, observer, clock)] as const;
  });
  return Object.fromEntries(entries) as UntypedServiceImplementation;
}

function unaryCall(handler: UnaryHandler, path: string, observer: RpcObserver, clock: Clock): UnaryHandler {
  return (call, callback) => {
    const startedMs = clock.monotonicMs();
    handler(call, (error, ...rest) => {
      observer.ended(path, codeOf(error), clock.monotonicMs() - startedMs);
      callback(error, ...rest);
    });
  };
}

function stream(handler: (...args: unknown[]) => void, path: string, observer: RpcObserver) {
  return (call: Stream, ...rest: unknown[]): void => {
    let over = false;
    const end = (code: status): void => {
      if (over) return;
      over = true;
      observer.streamEnded(path, code);
    };
    observer.streamOpened(path);
    call.once('finish', () => end(status.OK));
    call.once('cancelled', () => end(status.CANCELLED));
    call.on('error', (error) => end(codeOf(error)));
    handler(call, ...rest);
  };
}

function codeOf(error: unknown): status {
  if (error === null || error === undefined) return status.OK;
  const code = typeof error === 'object' && 'code' in error ? error.code : undefined;
  const known = Object.values(status).find((one) => one === code);
  return typeof known === 'number' ? known : status.UNKNOWN;
}
