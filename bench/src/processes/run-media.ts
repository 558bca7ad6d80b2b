import { SystemClock, SystemRandom } from '@parkade/clock';
import { DEFAULT_ANNOUNCEMENTS, DEFAULT_MEDIA_LIMITS, startMedia } from '@parkade/media';
import { silentLog } from '@parkade/rpc';
import { DEFAULT_CODES } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import type { RoleSetup, Running } from './messages.js';
import { SWITCH_DOMAIN, SWITCH_TENANT } from './run-switch.js';
import { innerTrust } from './trust.js';

/** One media process, set up as in production; its address is where dial plans reach it. `to`: a gateway. */
export async function runMedia({ etcd = '', to = '', ...trust }: RoleSetup): Promise<Running> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await openEtcdStore({ endpoints: [etcd], clock, random });
  const tell = (event: string, fields?: object): void => console.error(event, fields);
  const media = await startMedia(
    {
      ...{ memberId: 'media-1', host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 5_000 },
      outbound: { host: '127.0.0.1', port: 0 },
      gateway: to,
      password: 'ClueCon',
      tenants: [{ tenantId: SWITCH_TENANT, context: 'default', domain: SWITCH_DOMAIN }],
      codes: DEFAULT_CODES,
      announcements: DEFAULT_ANNOUNCEMENTS,
      limits: DEFAULT_MEDIA_LIMITS,
    },
    { store, clock, random, security: innerTrust(trust, clock), log: { ...silentLog, warn: tell, error: tell } },
  );
  const queues = (): Record<string, number> => {
    const [node] = media.queues().values();
    return { ...node };
  };
  return {
    address: `127.0.0.1:${media.outboundPort ?? 0}`,
    answers: {
      shards: () => Promise.resolve(media.nodesUp().length),
      queues: () => Promise.resolve(queues()),
    },
  };
}
