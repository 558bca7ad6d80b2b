import type { ParkServiceClient } from '@parkade/proto';
import { Reason } from '@parkade/proto';
import { failureOf, park, parkRequest, pick } from './calls.js';

/** Requests under way at a time. */
const IN_FLIGHT = 16;

/** Makes every tenant with a lot of `slots` slots and its park server through the REST API of the gateways in turn; ms it took. */
export async function configureTenants(
  urls: readonly string[],
  tenants: readonly string[],
  slots: number,
): Promise<number> {
  const startedMs = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    for (let i = next++; i < tenants.length; i = next++) {
      const tenant = pick(tenants, i);
      const post = (path: string, body: object): Promise<void> =>
        posted(pick(urls, i % urls.length), tenant, path, body);
      await post(`/tenants/${tenant}`, {});
      await post('/lots/default', { ranges: [{ first: '100', last: String(99 + slots) }], selection: 'next' });
      await post('/call_park', { recall_time: 90 });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return performance.now() - startedMs;
}

/**
 * Switches a tenant's lot off through the REST API, and parks through another gateway until that is refused; ms from the answer to
 * the last park that was done.
 */
export async function switchOffMs(url: string, client: ParkServiceClient, tenant: string): Promise<number> {
  const asked = (callId: string) =>
    failureOf(park(client, parkRequest(tenant, undefined, callId))).then(
      ({ reason }) => reason,
      () => undefined,
    );
  if ((await asked('before')) !== undefined) throw new Error(`${tenant} cannot park`);
  await posted(url, tenant, '/lots/default', { ranges: [{ first: '100', last: '199' }], enabled: false });
  const setMs = performance.now();
  for (let i = 0; ; i++) {
    const sentMs = performance.now();
    if ((await asked(`after-${i}`)) === Reason.DISABLED) return i === 0 ? 0 : sentMs - setMs;
    if (i > 50) throw new Error(`${tenant} still parks`);
  }
}

async function posted(url: string, tenant: string, path: string, body: object): Promise<void> {
  const headers = { 'parkade-tenant': tenant, 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} of ${tenant}: ${response.status} ${text}`);
}
