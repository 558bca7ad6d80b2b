import { lookup, resolveSrv } from 'node:dns/promises';
import type { NamedNode } from './dns-nodes.js';

/** DNS says that there is nobody, not that it cannot be asked. */
const NOBODY = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * The nodes of a service. Of `_esl._tcp.switches.…` the SRV records: each node is called as its host is, up to the first dot
 * (of a StatefulSet the pod's name), with the port of its record. Of any other name the addresses, which are the nodes' names
 * as well. Rejects where DNS could not be asked.
 */
export async function resolveService(service: string): Promise<readonly NamedNode[]> {
  try {
    if (service.startsWith('_')) {
      const records = await resolveSrv(service);
      return records.map(({ name, port }) => ({ name: name.split('.')[0] ?? name, host: name, port }));
    }
    return (await resolveAddresses(service)).map((address) => ({ name: address, host: address }));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (NOBODY.has(code)) return [];
    throw error;
  }
}

/** The addresses of a host. Rejects where it has none, or DNS could not be asked. */
export async function resolveAddresses(host: string): Promise<readonly string[]> {
  const addresses = await lookup(host, { all: true });
  return [...new Set(addresses.map(({ address }) => address))];
}
