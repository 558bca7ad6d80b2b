import { TRACEPARENT, type Span, type Tracer } from '@parkade/rpc';
import { LATENCY_BUCKETS, type Registry } from '@parkade/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, Histogram } from 'prom-client';

/** Where requests are counted, and traced where traces are on. */
export interface HttpTelemetry {
  readonly registry: Registry;
  readonly tracer: Tracer | undefined;
}

/**
 * Rate, errors and duration of every HTTP request, by route (`/api/tenants/:tenant/call_park_groups`, never by what stands in it) and
 * status; and a span for each, of its caller's trace. A stream counts when it ends.
 */
export function measured(app: FastifyInstance, { registry, tracer }: HttpTelemetry): void {
  const registers = [registry];
  const ended = new Counter({
    name: 'parkade_http_ended_total',
    help: 'HTTP requests that ended, by method, route and status; `none` is a path nobody serves.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'parkade_http_seconds',
    help: 'How long HTTP requests took, from their head to the end of the answer.',
    labelNames: ['route'],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const spans = new WeakMap<FastifyRequest, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    const parent = request.headers[TRACEPARENT];
    const span = tracer?.span(
      `${request.method} ${routeOf(request)}`,
      'server',
      typeof parent === 'string' ? parent : '',
    );
    if (span !== undefined) spans.set(request, span);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request);
    ended.inc({ method: request.method, route, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1_000);
    spans.get(request)?.end({ 'http.response.status_code': reply.statusCode }, reply.statusCode >= 500);
    done();
  });
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}
