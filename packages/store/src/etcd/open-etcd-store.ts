import type { Store } from '../store.js';
import { EtcdStore } from './etcd-store.js';
import type { EtcdStoreOptions } from './options.js';

/**
 * Opens a store on etcd 3.4 or later. It connects when first used: an etcd that is away shows in the calls, not here.
 * Rejects with `StoreError('invalid')` for endpoints that cannot be used together.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  return Promise.resolve(new EtcdStore(options));
}
