import type { Clock } from '@parkade/clock';
import { openEtcdStore, type Store, StoreError } from '@parkade/store';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import { etcdTlsOf } from './backends.js';
import type { EtcdTarget } from './etcd-flags.js';

/** Acts on the store of a cluster. An etcd that does not answer is a `CommandFailure` (unreachable). */
export async function withEtcd(
  { endpoints, tls }: EtcdTarget,
  clock: Clock,
  act: (store: Store) => Promise<void>,
): Promise<void> {
  const store = await openEtcdStore({ endpoints, clock, tls: await etcdTlsOf(tls) });
  try {
    await act(store);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'unavailable') throw error;
    const message = `No etcd answers at ${endpoints.join(',')} (${error.message}). Say where it is with --etcd.`;
    throw new CommandFailure(EXIT.unreachable, message, {}, { cause: error });
  } finally {
    await store.close();
  }
}
