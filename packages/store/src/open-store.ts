import type { Clock, Random } from '@parkade/clock';
import { openEmbeddedStore } from './embedded/open-embedded-store.js';
import { openEtcdStore } from './etcd/open-etcd-store.js';
import type { EtcdStoreOptions } from './etcd/options.js';
import { StoreError, type Store } from './store.js';

/** What a store needs besides its URL. `tls` and `auth` are for etcd. */
export interface OpenStoreDeps {
  readonly clock: Clock;
  readonly random?: Random | undefined;
  readonly tls?: EtcdStoreOptions['tls'];
  readonly auth?: EtcdStoreOptions['auth'];
}

/** What a store URL says. */
export type StoreLocation =
  | { readonly kind: 'embedded'; readonly dataDir: string | undefined }
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[] };

/**
 * Opens the store a URL names: `embedded:` (in memory), `embedded:/path` (kept in that directory) or
 * `etcd://host:port,host:port`. Rejects with `StoreError('invalid')` for any other URL, and as the store itself does.
 */
export async function openStore(url: string, deps: OpenStoreDeps): Promise<Store> {
  const location = parseStoreUrl(url);
  switch (location.kind) {
    case 'embedded':
      return openEmbeddedStore({ clock: deps.clock, dataDir: location.dataDir });
    case 'etcd':
      return openEtcdStore({ ...deps, endpoints: location.endpoints });
  }
}

/** Throws `StoreError('invalid')`; its message says what is wrong, and never repeats a password. */
export function parseStoreUrl(url: string): StoreLocation {
  if (url.startsWith('embedded:')) return { kind: 'embedded', dataDir: directoryOf(url.slice('embedded:'.length)) };
  if (url.startsWith('etcd://')) return { kind: 'etcd', endpoints: endpointsOf(url.slice('etcd://'.length)) };
  throw invalid('expected embedded:, embedded:/directory or etcd://host:port,host:port');
}

function directoryOf(rest: string): string | undefined {
  if (rest === '') return undefined;
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (path.startsWith('//')) throw invalid('embedded: takes a directory, not a host: write embedded:/directory');
  return path;
}

function endpointsOf(rest: string): readonly string[] {
  if (rest.includes('@')) throw invalid('user and password are not part of the URL');
  const endpoints = rest.replace(/\/$/, '').split(',');
  for (const endpoint of endpoints) {
    const [, port] = /^(?:[^\s:/?#[\]]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(endpoint) ?? [];
    if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw invalid(`"${endpoint}" is not host:port`);
    }
  }
  return endpoints;
}

function invalid(message: string): StoreError {
  return new StoreError('invalid', `store URL: ${message}`);
}
