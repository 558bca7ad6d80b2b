import { type Bus, openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { silentLog } from '@parkade/rpc';
import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import { openEtcdStore } from '@parkade/store';
import type { RoleSetup, Running } from './messages.js';
import { innerTrust } from './trust.js';

/** The same bus, which tells how many events it has stored. */
function counted(bus: Bus): Bus & { readonly stored: () => number } {
  let stored = 0;
  return {
    stored: () => stored,
    publish: async (subject, payload, options) => {
      await bus.publish(subject, payload, options);
      // An event a line.
      for (let at = 0; at >= 0; at = payload.indexOf(0x0a, at + 1)) stored++;
    },
    publishLast: (...message) => bus.publishLast(...message),
    ensureStreams: (streams) => bus.ensureStreams(streams),
    last: (subject) => bus.last(subject),
    subscribe: (...wanted) => bus.subscribe(...wanted),
    read: (pattern, from) => bus.read(pattern, from),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => bus.close(),
  };
}

/** One owner of all shards, set up as in production. */
export async function runOwner({ etcd = '', nats = '', shards: shardCount, ...trust }: RoleSetup): Promise<Running> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await openEtcdStore({ endpoints: [etcd], clock, random });
  const bus = counted(openBus(nats, { clock, random }));
  const config = { memberId: `owner-${process.pid}`, host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 5_000 };
  const owner = await startSlotShard({ ...config, limits: DEFAULT_LIMITS }, shardCount, {
    store,
    bus,
    clock,
    random,
    security: innerTrust(trust, clock),
    log: { ...silentLog, error: (event, fields) => console.error(event, fields) },
  });
  const shards = (): Promise<number> => Promise.resolve(owner.ownedShards());
  return { address: owner.address, answers: { shards, events: () => Promise.resolve(bus.stored()) } };
}
