import { SystemClock, SystemRandom } from '@parkade/clock';
import { DEFAULT_ROUTED_MEDIA, MEDIA_ROLE, NodeClients, RoutedMedia } from '@parkade/media';
import { namedPartitions, OwnerDirectory } from '@parkade/ownership';
import { DEFAULT_LIMITS, startRecall } from '@parkade/recall';
import { silentLog } from '@parkade/rpc';
import { openEtcdStore } from '@parkade/store';
import type { RoleSetup, Running } from './messages.js';
import { innerTrust } from './trust.js';

/** One recall process of all partitions, with the media port of production. `domains`: the SIP domain of each tenant. */
export async function runRecall({ etcd = '', shards = 256, domains = {}, ...trust }: RoleSetup): Promise<Running> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await openEtcdStore({ endpoints: [etcd], clock, random });
  const log = { ...silentLog, error: (event: string, fields?: object) => console.error(event, fields) };
  const report = (what: string, error: unknown): void => log.error(what, { error });
  const space = namedPartitions(MEDIA_ROLE, () => []);
  const owners = new OwnerDirectory<string>(space, { store, clock, random, report });
  await owners.start();
  const security = innerTrust(trust, clock);
  const media = new RoutedMedia(
    { ...DEFAULT_ROUTED_MEDIA, domains },
    new NodeClients(owners, clock, security.peers),
    clock,
    log,
  );
  const config = { memberId: 'recall-1', host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 5_000 };
  const deps = { store, clock, random, log, media, security };
  const recall = await startRecall({ ...config, limits: DEFAULT_LIMITS }, shards, deps);
  return { address: recall.address, answers: { shards: () => Promise.resolve(recall.ownedPartitions()) } };
}
