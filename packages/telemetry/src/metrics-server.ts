import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { ProcessMetrics } from './process-metrics.js';

/** Where a process answers Prometheus. */
export interface MetricsServer {
  /** `host:port` */
  readonly address: string;
  close(): Promise<void>;
}

/** One scraper, and somebody who looks: more connections than this are refused. */
const MAX_CONNECTIONS = 16;
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Serves `GET /metrics` in Prometheus' text format; everything else is 404. Port 0: any free one. Rejects when the address is
 * taken. It has no authentication and says nothing about calls or people: bind it where only the scraper reaches it.
 */
export async function serveMetrics(
  metrics: ProcessMetrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(metrics, request, response));
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address();
  const boundPort = bound === null || typeof bound === 'string' ? port : bound.port;
  return {
    address: `${host}:${boundPort}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(metrics: ProcessMetrics, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is only GET /metrics here.\n');
    return;
  }
  try {
    const text = await metrics.text();
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`);
  }
}
