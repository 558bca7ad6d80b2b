import { SystemClock } from '@parkade/clock';
import { putLot, putTenant } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import { startBackends } from '../processes/backends.js';
import { served } from '../processes/served.js';
import { atMost, type Figure } from '../result.js';
import { OneCaller } from './one-caller.js';
import { storeCalls, templateOf } from './stored-calls.js';

/** Parked calls of the whole cluster; for a quick look, less will do. */
const CALLS = Number(process.env['PARKADE_BENCH_CALLS'] ?? 1_000_000);
const TENANTS = 1_000;
const SHARDS = 256;
const SERVED_WITHIN_MS = 300_000;

/** A million parked calls at one owner: what each takes of its memory beyond that of an owner without any. */
export async function memoryFigures(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  const store = await openEtcdStore({ endpoints: [backends.etcd.endpoint], clock: new SystemClock() });
  const ends: (() => unknown)[] = [() => store.close()];
  try {
    const tenants = Array.from({ length: TENANTS }, (_, i) => `tenant-${i}`);
    for (const tenant of tenants) {
      await putTenant(store, tenant, {});
      await putLot(store, tenant, 'default', { any_slot: true });
    }
    const first = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway' });
    await served(first, SHARDS);
    const caller = new OneCaller(gateway.address, backends.token);
    ends.push(() => caller.close());
    const template = await templateOf(store, caller, { tenantId: 'tenant-0', lotId: 'default', slot: '1' }, SHARDS);
    const before = await first.ask('memory', undefined);
    await first.stop();
    const where = { tenants, lotId: 'default', firstSlot: 2, perTenant: Math.ceil(CALLS / TENANTS), shards: SHARDS };
    const bytes = await storeCalls(store, template, where);
    const startMs = Date.now();
    const owner = await backends.start({ role: 'owner' });
    await served(owner, SHARDS, SERVED_WITHIN_MS);
    const loadedMs = Date.now() - startMs;
    const after = await owner.ask('memory', undefined);
    const each = (what: keyof typeof after): number => (after[what] - before[what]) / CALLS;
    console.log(
      `  ${CALLS} calls of ${bytes.toFixed(0)} bytes, loaded in ${(loadedMs / 1_000).toFixed(1)} s: ` +
        `${each('resident').toFixed(0)} bytes resident each (objects ${each('heap').toFixed(0)}, buffers ${each('buffers').toFixed(0)})`,
    );
    return [
      atMost('bytes_per_call', each('resident'), 500, 'bytes', { baseline: `records of ${bytes.toFixed(0)} bytes` }),
    ];
  } finally {
    for (const end of ends.reverse()) await end();
    await backends.stop();
  }
}
