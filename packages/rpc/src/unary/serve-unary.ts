import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { UnaryCall, type UnaryCallDeps, type UnaryMethod } from './unary-call.js';

/** The unary methods of services, by path. */
export function unaryMethods(
  services: readonly {
    readonly definition: ServiceDefinition;
    readonly implementation: UntypedServiceImplementation;
  }[],
): ReadonlyMap<string, UnaryMethod> {
  const methods = new Map<string, UnaryMethod>();
  for (const { definition, implementation } of services) {
    for (const [name, method] of Object.entries(definition)) {
      const handler = implementation[name];
      if (method.requestStream || method.responseStream || handler === undefined) continue;
      const { path, requestDeserialize, responseSerialize } = method;
      methods.set(path, {
        handler: handler as unknown as UnaryMethod['handler'],
        requestDeserialize,
        responseSerialize,
      });
    }
  }
  return methods;
}

/** Of a grpc-js server, what we need and it does not show: the HTTP/2 servers it listens with. */
interface Listening {
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => void;

/**
 * Answers unary calls of `methods` without what grpc-js does for each: an interceptor chain, a message queue, copies of headers,
 * channelz, two timers. Under one HTTP/2 load a bare echo so takes 33 µs of the server's CPU a call where grpc-js takes 43. All else (streams, other
 * services, compressed requests, what is no gRPC) stays with the grpc-js server, as do connections, TLS, keepalive and shutdown:
 * both share its HTTP/2 server. Call it once it listens. Says whether it could: a grpc-js that keeps its HTTP/2 servers elsewhere goes
 * on serving everything itself.
 */
export function serveUnary(server: Server, methods: ReadonlyMap<string, UnaryMethod>, deps: UnaryCallDeps): boolean {
  const { http2Servers } = server as unknown as Listening;
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) return false;
  for (const http2Server of http2Servers.keys() as IterableIterator<Http2Server>) {
    const others = http2Server.listeners('stream') as OnStream[];
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream, headers, ...rest: unknown[]) => {
      const method = methods.get(headers[':path'] ?? '');
      if (method !== undefined && isPlainGrpc(headers)) new UnaryCall(stream, headers, method, deps);
      else for (const other of others) other.call(http2Server, stream, headers, ...rest);
    });
  }
  return true;
}

/** `application/grpc` with whatever codec, and no compression. */
function isPlainGrpc(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['grpc-encoding'];
  const isGrpc = headers['content-type']?.startsWith('application/grpc') === true;
  return isGrpc && (encoding === undefined || encoding === 'identity') && headers[':method'] === 'POST';
}
