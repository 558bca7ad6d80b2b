import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** The HTTP/2 servers a grpc-js server listens with, which it does not show. Once it listens; none where a grpc-js keeps them elsewhere. */
export function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as { readonly http2Servers?: unknown };
  return http2Servers instanceof Map ? [...(http2Servers.keys() as IterableIterator<Http2Server>)] : [];
}
