import type { Tracer } from '@parkade/rpc';

/** A tracer that sends, and how to end it. */
export interface OpenTracer {
  readonly tracer: Tracer;
  /** Sends what is left, within 5 s. */
  close(): Promise<void>;
}

/** Spans that wait to be sent; more are dropped, and calls never wait. */
const MAX_QUEUED = 2_048;
const SEND_EVERY_MS = 1_000;
const CLOSE_MS = 5_000;

const PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Sends spans by OTLP over HTTP to `url` (such as `http://127.0.0.1:4318/v1/traces`). A caller's `traceparent` decides whether its
 * trace is recorded; a trace that begins here is recorded one time in `1 / ratio`. OpenTelemetry's packages are loaded only here, so
 * that a process without traces does not hold them.
 */
export async function openTracer(options: {
  readonly url: string;
  readonly service: string;
  readonly version: string;
  /** 0 to 1. */
  readonly ratio: number;
}): Promise<OpenTracer> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service, 'service.version': options.version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(options.ratio) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(new OTLPTraceExporter({ url: options.url, timeoutMillis: CLOSE_MS }), {
        maxQueueSize: MAX_QUEUED,
        scheduledDelayMillis: SEND_EVERY_MS,
      }),
    ],
    forceFlushTimeoutMillis: CLOSE_MS,
  });
  const tracer = provider.getTracer('parkade', options.version);
  const kinds = { server: api.SpanKind.SERVER, client: api.SpanKind.CLIENT, internal: api.SpanKind.INTERNAL };
  return {
    tracer: {
      span: (name, kind, parent, startMs) => {
        const [, traceId, spanId, flags] = PARENT.exec(parent ?? '') ?? [];
        const context =
          traceId === undefined || spanId === undefined
            ? api.ROOT_CONTEXT
            : api.trace.setSpanContext(api.ROOT_CONTEXT, {
                traceId,
                spanId,
                traceFlags: Number.parseInt(flags ?? '00', 16) & api.TraceFlags.SAMPLED,
                isRemote: true,
              });
        const started = startMs === undefined ? {} : { startTime: startMs };
        const span = tracer.startSpan(name, { kind: kinds[kind], ...started }, context);
        const own = span.spanContext();
        return {
          traceparent: `00-${own.traceId}-${own.spanId}-${own.traceFlags.toString(16).padStart(2, '0')}`,
          end: (attributes = {}, failed = false) => {
            span.setAttributes(attributes);
            if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
            span.end();
          },
        };
      },
    },
    close: async () => {
      await provider.shutdown().catch(() => undefined);
    },
  };
}
