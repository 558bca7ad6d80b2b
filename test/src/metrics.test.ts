import { expect, it } from 'vitest';
import { startCli } from './support/process.js';
import { scrape } from './support/scrape.js';
import { failureOf, park, parkRequest, pick, retrieve, retrieveParkRequest } from './support/calls.js';
import { withCluster } from './support/with-cluster.js';

const cluster = withCluster({ owners: 2, gateways: 1, shards: 8 });

/** The sum over all label sets of a metric whose line contains `having`. */
function sum(text: string, name: string, having = ''): number {
  const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(having));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function sumOf(names: readonly string[], metric: string, having = ''): Promise<number> {
  const texts = await Promise.all(names.map((name) => cluster().metricsOf(name)));
  return texts.reduce((total, text) => total + sum(text, metric, having), 0);
}

it('tells what owners and gateways did: calls, refusals with their reason, commits, lamps, shards and leases', async () => {
  const { clients } = cluster();
  const owners = ['owner-1', 'owner-2'];
  const parked = await Promise.all(
    Array.from({ length: 20 }, (_, i) => park(pick(clients, i), parkRequest('metered', `s${i}`, `call-${i}`))),
  );
  await failureOf(park(pick(clients, 0), parkRequest('metered', 's0', 'late')));
  const [first] = parked;
  await retrieve(pick(clients, 0), retrieveParkRequest('metered', first?.parkId ?? '', 'phone'));

  expect(await sumOf(owners, 'parkade_parked_calls ')).toBe(19);
  expect(await sumOf(owners, 'parkade_shards_owned ')).toBe(8);
  expect(await sumOf(owners, 'parkade_shard_epoch{', 'shard=')).toBeGreaterThan(8);
  expect(await sumOf(owners, 'parkade_commands_total', 'operation="park",outcome="done"')).toBe(20);
  expect(await sumOf(owners, 'parkade_commands_total', 'operation="park",outcome="SLOT_OCCUPIED"')).toBe(1);
  expect(await sumOf(owners, 'parkade_commands_total', 'operation="retrieve",outcome="done"')).toBe(1);
  expect(await sumOf(owners, 'parkade_commit_seconds_count')).toBeGreaterThan(0);
  expect(await sumOf(owners, 'parkade_shard_changes_total', 'how="claimed"')).toBeGreaterThanOrEqual(8);
  for (const owner of owners) {
    const margin = sum(await cluster().metricsOf(owner), 'parkade_lease_margin_seconds ');
    expect(margin).toBeGreaterThan(0);
    expect(margin).toBeLessThan(2);
  }
  await expect
    .poll(() => sumOf(owners, 'parkade_publish_lag_seconds_count', 'what="event"'), { timeout: 10_000 })
    .toBe(21);

  const gateway = await cluster().metricsOf('gateway-1');
  expect(sum(gateway, 'parkade_rpc_ended_total', 'ParkService/Park",code="OK"')).toBe(20);
  expect(sum(gateway, 'parkade_rpc_ended_total', 'ParkService/Park",code="FAILED_PRECONDITION"')).toBe(1);
  expect(sum(gateway, 'parkade_shards_unowned ')).toBe(0);
  expect(sum(gateway, 'parkade_queue_limit', 'queue="under-way"')).toBeGreaterThan(0);
  expect(gateway).toContain('parkade_build_info{role="gateway"');
  // Nothing that can have many values is a label.
  expect(gateway).not.toContain('metered');
});

it('tells what its HTTP server did, by route and status, never by what stands in a path', async () => {
  const gateway = startCli('gateway', [
    ...['gateway', '--etcd', cluster().etcd, '--port', '0', '--http-port', '0', '--metrics', '127.0.0.1:0'],
  ]);
  try {
    const [, api = ''] = await gateway.printed(/REST API on (http:\/\/[^/]+)\//);
    expect((await fetch(`${api}/api/openapi.json`)).status).toBe(200);
    expect((await fetch(`${api}/nothing/secret-name`)).status).toBe(404);
    const text = await scrape(gateway);
    expect(sum(text, 'parkade_http_ended_total', 'route="/api/openapi.json",status="200"')).toBe(1);
    expect(sum(text, 'parkade_http_ended_total', 'route="none",status="404"')).toBe(1);
    expect(sum(text, 'parkade_http_seconds_count')).toBe(2);
    expect(text).not.toContain('secret-name');
  } finally {
    gateway.signal('SIGKILL');
    await gateway.ended();
  }
});
