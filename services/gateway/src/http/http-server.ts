import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Clock } from '@parkade/clock';
import type { ServerCertificate } from '@parkade/rpc';
import fastify, { type FastifyInstance } from 'fastify';
import { type HttpTelemetry, measured } from './http-metrics.js';
import { installPlugins, type HttpDeps } from './plugins.js';
import { onError, plain, sendProblem } from './problem.js';
import { validatorCompiler } from './validation.js';

/** Bounds of the HTTP server. */
export interface HttpLimits {
  /** Bytes of a request's body; past it: 413. */
  readonly maxBodyBytes: number;
  /** A request must have come in whole within this time. */
  readonly requestTimeoutMs: number;
  /** A connection that says nothing is closed after this long. */
  readonly keepAliveMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  maxBodyBytes: 512 * 1024,
  requestTimeoutMs: 15_000,
  keepAliveMs: 72_000,
};

export interface HttpConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly limits: HttpLimits;
  /** Undefined: plain HTTP. With it HTTPS alone; a replaced certificate is used for new connections. */
  readonly certificate?: ServerCertificate | undefined;
}

/** The HTTP server of a gateway: the REST API, its document, and whatever `plugins.ts` registers. */
export interface HttpServer {
  /** Where it listens: `http://host:port`, with a certificate `https://host:port`. */
  readonly url: string;
  /** Takes no new connections, closes the idle ones and those whose answer is out; at most `graceMs`, then all. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

/** The server before it listens: also for whoever wants its document alone. */
export async function httpApp(
  limits: HttpLimits,
  deps: HttpDeps,
  telemetry?: HttpTelemetry,
  certificate?: ServerCertificate,
): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (onRequest) => serverOf(onRequest, limits, certificate),
    bodyLimit: limits.maxBodyBytes,
    // Keep-alive connections are closed as soon as their request is answered.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 1_024 },
    exposeHeadRoutes: false,
  });
  app.setValidatorCompiler(validatorCompiler());
  app.setErrorHandler(onError(deps.onDefect));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, plain(404, `There is nothing at ${request.method} ${request.url.split('?')[0] ?? ''}.`)),
  );
  app.removeContentTypeParser('text/plain');
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients say JSON where they send nothing.
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
  if (telemetry !== undefined) measured(app, telemetry);
  await installPlugins(app, deps);
  await app.ready();
  return app;
}

function serverOf(
  onRequest: RequestListener,
  { requestTimeoutMs, keepAliveMs }: HttpLimits,
  certificate: ServerCertificate | undefined,
): Server {
  const times = { requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveMs };
  if (certificate === undefined) return createServer(times, onRequest);
  const server = createTlsServer({ ...times, ...certificate.current, minVersion: 'TLSv1.2' }, onRequest);
  const forget = certificate.onChange((pem) => server.setSecureContext({ ...pem, minVersion: 'TLSv1.2' }));
  return server.once('close', forget);
}

/** Starts to listen. Rejects when the address is taken. */
export async function startHttpServer(
  { host, port, limits, certificate }: HttpConfig,
  deps: HttpDeps,
  clock: Clock,
  telemetry?: HttpTelemetry,
): Promise<HttpServer> {
  const app = await httpApp(limits, deps, telemetry, certificate);
  await app.listen({ host, port });
  const at = app.server.address();
  const bound = typeof at === 'object' ? at?.port : undefined;
  let stopped: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    const timer = clock.setTimer(graceMs, () => app.server.closeAllConnections());
    await app.close();
    timer.cancel();
  };
  const url = `${certificate === undefined ? 'http' : 'https'}://${host}:${bound ?? port}`;
  return { url, stop: (graceMs) => (stopped ??= stop(graceMs)) };
}
