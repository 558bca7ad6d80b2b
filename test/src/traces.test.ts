import { once } from 'node:events';
import { createServer } from 'node:http';
import { credentials, Metadata } from '@grpc/grpc-js';
import { type ParkRequest, type ParkResponse, ParkServiceClient } from '@parkade/proto';
import { expect, it } from 'vitest';
import { parkRequest } from './support/calls.js';
import { withCluster } from './support/with-cluster.js';
import { startCli } from './support/process.js';

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

const cluster = withCluster({ owners: 1, gateways: 1, shards: 4 });

/** A collector that keeps every span it is sent as JSON, and the process each came from. */
async function startCollector() {
  const spans: (SpanJson & { readonly service: string })[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(body) as {
        resourceSpans: {
          resource: { attributes: { key: string; value: { stringValue?: string } }[] };
          scopeSpans: { spans: SpanJson[] }[];
        }[];
      };
      for (const { resource, scopeSpans } of resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, service })));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  return {
    spans,
    url: `http://127.0.0.1:${port}/v1/traces`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

it('follow a park from its client through gateway, owner and etcd to its event; a client that does not sample is not recorded', async () => {
  const { etcd, nats } = cluster();
  const collector = await startCollector();
  const common = ['--etcd', etcd, '--traces', collector.url];
  const owner = startCli('traced-owner', ['slot-shard', ...common, '--nats', nats]);
  const gateway = startCli('traced-gateway', ['gateway', ...common, '--port', '0', '--auto-tenants']);
  try {
    await owner.printed(/^listening on/m);
    const [, address = ''] = await gateway.printed(/^listening on (\S+)$/m);
    // Every shard goes to the owner that traces.
    await cluster().kill('owner-1', 'SIGKILL');
    const client = new ParkServiceClient(address, credentials.createInsecure());
    const park = (request: ParkRequest, traceparent: string): Promise<ParkResponse> =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata();
        metadata.set('traceparent', traceparent);
        client.park(request, metadata, { deadline: Date.now() + 30_000 }, (error, response) => {
          if (error === null) resolve(response);
          else reject(error);
        });
      });
    const sampled = '0af7651916cd43dd8448eb211c80319c';
    const unsampled = '1bf7651916cd43dd8448eb211c80319c';
    await park(parkRequest('traced', '701', 'call-1'), `00-${sampled}-b7ad6b7169203331-01`);
    await park(parkRequest('traced', '702', 'call-2'), `00-${unsampled}-b7ad6b7169203331-00`);
    client.close();

    const named = (name: string) => collector.spans.find((span) => span.traceId === sampled && span.name === name);
    await expect.poll(() => named('publish event'), { timeout: 20_000 }).toBeDefined();
    await expect.poll(() => named('parkade.park.v1.ParkService/Park'), { timeout: 20_000 }).toBeDefined();
    const rpc = named('parkade.park.v1.ParkService/Park');
    const command = named('slot-shard park');
    const commit = named('etcd transaction');
    const event = named('publish event');
    expect(rpc).toMatchObject({ service: 'parkade-gateway', parentSpanId: 'b7ad6b7169203331' });
    expect(command).toMatchObject({ service: 'parkade-slot-shard', parentSpanId: rpc?.spanId });
    expect([commit?.parentSpanId, event?.parentSpanId]).toEqual([command?.spanId, command?.spanId]);
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled)).toEqual([]);
    // Nobody's name or number is in a trace.
    expect(JSON.stringify(collector.spans)).not.toContain('caller of');
  } finally {
    for (const child of [gateway, owner]) child.signal('SIGKILL');
    await Promise.all([gateway.ended(), owner.ended()]);
    await collector.close();
  }
});
