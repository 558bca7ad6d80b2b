import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
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

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => void;

/**
 * Answers unary calls of `methods` without what grpc-js does for each: an interceptor chain, a message queue, copies of headers,
 * channelz, two timers. Under one HTTP/2 load a bare echo so takes 33 µs of the server's CPU a call where grpc-js takes 43. All else (streams, other
 * services, compressed requests, what is no gRPC) stays with the grpc-js server, as do connections, TLS, keepalive and shutdown:
 * both share its HTTP/2 server. Without `servers` (`http2ServersOf` found none) grpc-js goes on serving everything itself.
 */
export function serveUnary(
  servers: Iterable<Http2Server>,
  methods: ReadonlyMap<string, UnaryMethod>,
  deps: UnaryCallDeps,
): void {
  for (const http2Server of servers) {
    const others = http2Server.listeners('stream') as OnStream[];
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream, headers, ...rest: unknown[]) => {
      const method = methods.get(headers[':path'] ?? '');
      if (method !== undefined && isPlainGrpc(headers)) new UnaryCall(stream, headers, method, deps);
      else for (const other of others) other.call(http2Server, stream, headers, ...rest);
    });
  }
}

/** `application/grpc` with whatever codec, and no compression. */
function isPlainGrpc(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['grpc-encoding'];
  const isGrpc = headers['content-type']?.startsWith('application/grpc') === true;
  return isGrpc && (encoding === undefined || encoding === 'identity') && headers[':method'] === 'POST';
}
