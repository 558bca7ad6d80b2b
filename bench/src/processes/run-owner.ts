import { openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { silentLog } from '@parkade/rpc';
import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import { openEtcdStore } from '@parkade/store';
import type { RoleSetup, Running } from './messages.js';

/** One owner of all shards, set up as in production. */
export async function runOwner({ etcd = '', nats = '' }: RoleSetup): Promise<Running> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await openEtcdStore({ endpoints: [etcd], clock, random });
  const bus = openBus(nats, { clock, random });
  const config = { memberId: 'owner-1', host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 5_000 };
  const owner = await startSlotShard({ ...config, limits: DEFAULT_LIMITS }, undefined, {
    store,
    bus,
    clock,
    random,
    log: { ...silentLog, error: (event, fields) => console.error(event, fields) },
  });
  return { address: owner.address, answers: { shards: () => Promise.resolve(owner.ownedShards()) } };
}
