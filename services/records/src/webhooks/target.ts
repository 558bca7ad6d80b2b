import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** Looks a name up: every address it has. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/** An address that was looked at and may be connected to; nothing else is. */
export interface Target {
  readonly address: string;
  readonly family: number;
}

/**
 * The address a URL is delivered to. Throws `Error` where its name has none, or one of them is not public (request forgery): the
 * special-purpose addresses of IANA's registries, also as IPv6 writes an IPv4 address.
 */
export async function targetOf(url: URL, allowPrivate: boolean, resolve: Resolve): Promise<Target> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = ipaddr.isValid(host)
    ? [{ address: host, family: ipaddr.parse(host).kind() === 'ipv6' ? 6 : 4 }]
    : await resolve(host);
  const [first] = addresses;
  if (first === undefined) throw new Error('the name has no address');
  const refused = allowPrivate ? undefined : addresses.find(({ address }) => !isPublic(address));
  if (refused !== undefined) throw new Error('the target has an address that is not public, and is refused');
  return first;
}

/** Whether anybody on the Internet could have this address. */
export function isPublic(address: string): boolean {
  // `process` reads an IPv4 address out of one that IPv6 maps.
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}
