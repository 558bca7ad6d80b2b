import type { Clock } from '@parkade/clock';
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
}

/** The HTTP server of a gateway: the REST API, its document, and whatever `plugins.ts` registers. */
export interface HttpServer {
  /** `host:port` it listens on. */
  readonly address: string;
  /** Takes no new connections, closes the idle ones and those whose answer is out; at most `graceMs`, then all. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

/** The server before it listens: also for whoever wants its document alone. */
export async function httpApp(limits: HttpLimits, deps: HttpDeps, telemetry?: HttpTelemetry): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
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

/** Starts to listen. Rejects when the address is taken. */
export async function startHttpServer(
  { host, port, limits }: HttpConfig,
  deps: HttpDeps,
  clock: Clock,
  telemetry?: HttpTelemetry,
): Promise<HttpServer> {
  const app = await httpApp(limits, deps, telemetry);
  await app.listen({ host, port });
  const at = app.server.address();
  const bound = typeof at === 'object' ? at?.port : undefined;
  let stopped: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    const timer = clock.setTimer(graceMs, () => app.server.closeAllConnections());
    await app.close();
    timer.cancel();
  };
  return { address: `${host}:${bound ?? port}`, stop: (graceMs) => (stopped ??= stop(graceMs)) };
}
