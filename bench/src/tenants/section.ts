import { configureTenants, startCluster, switchOffMs } from '@parkade/test';
import { atMost, type Figure } from '../result.js';

const TENANTS = 1_000;
const SLOTS = 100;
const SHARDS = 48;
/** As many as it takes to meet every owner. */
const SWITCHED = 60;

/** A carrier's customers, set up through the REST API of two gateways; and how soon a setting is in force at their owners. */
export async function tenantsSection(): Promise<readonly Figure[]> {
  const cluster = await startCluster({ owners: 3, gateways: 1, shards: SHARDS, autoTenants: false });
  try {
    const [client] = cluster.clients;
    if (client === undefined) throw new Error('there is no gateway');
    const args = ['gateway', '--port', '0', '--http-port', '0', '--etcd', cluster.etcd, '--shards', String(SHARDS)];
    const gateways = ['rest-1', 'rest-2'].map((name) => cluster.start(name, args));
    const urls = await Promise.all(
      gateways.map(async (gateway) => (await gateway.printed(/^REST API on (http:\S+)\/docs\/$/m))[1] ?? ''),
    );
    const tenants = Array.from({ length: TENANTS }, (_, i) => `tenant-${i}`);
    const tookMs = await configureTenants(urls, tenants, SLOTS);
    let worstMs = 0;
    for (const tenant of tenants.slice(0, SWITCHED)) {
      worstMs = Math.max(worstMs, await switchOffMs(urls[0] ?? '', client, tenant));
    }
    const baseline = `${TENANTS} tenants of ${SLOTS} slots, 3 requests each, through 2 gateways`;
    return [
      atMost('tenants_configured', tookMs / 1_000, 120, 's', { baseline }),
      atMost('setting_in_force', worstMs, 1_000, 'ms', { baseline: `the worst of ${SWITCHED}, over 3 owners` }),
    ];
  } finally {
    await cluster.stop();
  }
}
