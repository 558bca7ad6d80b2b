import type { Metadata, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { TRACEPARENT, type Tracer } from './tracer.js';

interface UnaryCall {
  readonly metadata: Metadata;
}
type UnaryHandler = (call: UnaryCall, callback: (error: unknown, ...rest: unknown[]) => void) => void;

/** The same service, each unary RPC a span: of its caller's trace, and handed on as the call's own `traceparent`. */
export function traced(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  tracer: Tracer,
): UntypedServiceImplementation {
  const entries = Object.entries(implementation).map(([name, handler]) => {
    const method = definition[name];
    if (method === undefined || method.requestStream || method.responseStream) return [name, handler] as const;
    return [name, unarySpan(handler as unknown as UnaryHandler, method.path.slice(1), tracer)] as const;
  });
  return Object.fromEntries(entries) as UntypedServiceImplementation;
}

function unarySpan(handler: UnaryHandler, path: string, tracer: Tracer): UnaryHandler {
  return (call, callback) => {
    const span = tracer.span(path, 'server', traceOf(call.metadata));
    call.metadata.set(TRACEPARENT, span.traceparent);
    handler(call, (error, ...rest) => {
      const code = error === null || error === undefined ? 0 : (error as { readonly code?: number }).code;
      span.end({ 'rpc.grpc.status_code': code ?? 2 }, code !== 0);
      callback(error, ...rest);
    });
  };
}

/** The traceparent a call came with. */
export function traceOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get(TRACEPARENT);
  return typeof value === 'string' ? value : undefined;
}
