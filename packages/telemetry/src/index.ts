export { BATCH_BUCKETS, LATENCY_BUCKETS, LATENESS_BUCKETS } from './buckets.js';
export { lasting, type Lasting, leaseMargin } from './lasting.js';
export { type MetricsServer, serveMetrics } from './metrics-server.js';
export { type OpenTracer, openTracer } from './open-tracer.js';
export { ProcessMetrics } from './process-metrics.js';
export { type Queue, watchQueues } from './queues.js';
export { quotaRefusals } from './quota-refusals.js';
export { RpcMetrics } from './rpc-metrics.js';
export { Registry } from 'prom-client';
