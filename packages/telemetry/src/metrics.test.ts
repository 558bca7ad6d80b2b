import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { lasting, type MetricsServer, ProcessMetrics, watchQueues, RpcMetrics, serveMetrics } from './index.js';

let server: MetricsServer | undefined;
afterEach(() => server?.close());

async function scrape(metrics: ProcessMetrics): Promise<string> {
  server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 });
  const response = await fetch(`http://${server.address}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain');
  return response.text();
}

describe('what a process measures', () => {
  it('is served with its build, its event loop, and the sum over parts of a kind, or their least', async () => {
    const metrics = new ProcessMetrics('up', '1.2.3');
    for (const parked of [3, 4]) {
      lasting(metrics.part(), [
        { name: 'parkade_parked_calls', help: 'p', read: () => parked },
        { name: 'parkade_lease_margin_seconds', help: 'l', read: () => parked, least: true },
      ]);
    }
    const text = await scrape(metrics);
    expect(text).toContain('parkade_build_info{role="up",version="1.2.3"} 1');
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^parkade_parked_calls 7$/m);
    expect(text).toMatch(/^parkade_lease_margin_seconds 3$/m);
  });

  it('shows each queue beside its limit, read when asked', async () => {
    const metrics = new ProcessMetrics('gateway', '1');
    let depth = 0;
    watchQueues(metrics.part(), [{ name: 'under-way', limit: 32, depth: () => depth }]);
    depth = 5;
    const text = await scrape(metrics);
    expect(text).toContain('parkade_queue_depth{queue="under-way"} 5');
    expect(text).toContain('parkade_queue_limit{queue="under-way"} 32');
  });

  it('counts RPCs by method and code, and streams that are open', async () => {
    const metrics = new ProcessMetrics('gateway', '1');
    const rpc = new RpcMetrics(metrics.part());
    rpc.ended('p.S/Park', status.OK, 4);
    rpc.ended('p.S/Park', status.OK, 40);
    rpc.ended('p.S/Park', status.FAILED_PRECONDITION, 1);
    rpc.streamOpened('p.S/Watch');
    rpc.streamOpened('p.S/Watch');
    rpc.streamEnded('p.S/Watch', status.CANCELLED);
    const text = await scrape(metrics);
    expect(text).toContain('parkade_rpc_ended_total{method="p.S/Park",code="OK"} 2');
    expect(text).toContain('parkade_rpc_ended_total{method="p.S/Park",code="FAILED_PRECONDITION"} 1');
    expect(text).toContain('parkade_rpc_ended_total{method="p.S/Watch",code="CANCELLED"} 1');
    expect(text).toContain('parkade_rpc_streams{method="p.S/Watch"} 1');
    expect(text).toContain('parkade_rpc_seconds_bucket{le="0.005",method="p.S/Park"} 2');
  });

  it('is only at /metrics', async () => {
    server = await serveMetrics(new ProcessMetrics('gateway', '1'), { host: '127.0.0.1', port: 0 });
    expect((await fetch(`http://${server.address}/`)).status).toBe(404);
    expect((await fetch(`http://${server.address}/metrics`, { method: 'POST' })).status).toBe(404);
  });
});
