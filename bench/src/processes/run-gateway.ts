import { SystemClock, SystemRandom } from '@parkade/clock';
import { createGateway } from '@parkade/gateway';
import { silentLog } from '@parkade/rpc';
import { openEtcdStore } from '@parkade/store';
import type { RoleSetup, Running } from './messages.js';
import { openTrust } from './trust.js';

/** One gateway, set up as in production; tenants are made when they are first named. */
export async function runGateway({ etcd = '', ...trust }: RoleSetup): Promise<Running> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await openEtcdStore({ endpoints: [etcd], clock, random });
  const log = { ...silentLog, error: (event: string, fields?: object) => console.error(event, fields) };
  const { security, authenticator } = await openTrust(trust, { clock, log });
  const gateway = await createGateway({ autoTenants: true }, { store, clock, random, log, security, authenticator });
  return { address: gateway.address, answers: {} };
}
