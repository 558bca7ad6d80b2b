import type { Bus } from './bus.js';
import { invalid } from './catalog.js';
import { type EmbeddedBroker, EmbeddedBus } from './embedded.js';
import { NatsBus } from './nats/nats-bus.js';
import type { NatsBusDeps, NatsOptions } from './nats/options.js';

export interface OpenBusDeps extends NatsBusDeps {
  /** For `embedded:`: the broker to share with other buses of this process. Default: one of its own. */
  readonly broker?: EmbeddedBroker | undefined;
  /** For `nats:`: what the address does not say. */
  readonly nats?: Omit<Partial<NatsOptions>, 'servers'> | undefined;
}

/**
 * Opens the bus at an address: `embedded:`, or `nats://host:port,host:port`, optionally with `user:password@` before the
 * hosts (percent-encoded) and `?replicas=3` after them; `tls://` insists on TLS. Returns at once: a server that is away is
 * connected to when it is there. Throws `invalid` for another address.
 */
export function openBus(address: string, deps: OpenBusDeps): Bus {
  if (address === 'embedded:') return new EmbeddedBus(deps, deps.broker);
  return new NatsBus({ ...parseNatsAddress(address), ...deps.nats }, deps);
}

/** Takes apart a `nats://` or `tls://` address; throws `invalid` where it is malformed. */
export function parseNatsAddress(address: string): NatsOptions {
  const parts = /^(nats|tls):\/\/(?:([^:@/?]+):([^@/?]*)@)?([^@/?]+)\/?(?:\?replicas=([135]))?$/.exec(address);
  const [, scheme, user, pass, hosts, replicas] = parts ?? [];
  const servers = (hosts ?? '').split(',');
  if (!servers.every((server) => /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(server))) {
    // The address may hold a password: it is not repeated.
    throw invalid('a bus address is embedded: or nats://[user:password@]host:port,...[?replicas=1|3|5]');
  }
  return {
    servers,
    ...(replicas === undefined ? {} : { replicas: Number(replicas) }),
    ...(user === undefined ? {} : { credentials: password(user, pass ?? '') }),
    ...(scheme === 'tls' ? { tls: {} } : {}),
  };
}

function password(user: string, pass: string): NatsOptions['credentials'] {
  try {
    return { kind: 'password', user: decodeURIComponent(user), pass: decodeURIComponent(pass) };
  } catch {
    throw invalid('the user or password in the bus address is not percent-encoded');
  }
}
