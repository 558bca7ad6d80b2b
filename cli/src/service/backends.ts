import { type Bus, openBus } from '@parkade/bus';
import type { Clock, Random } from '@parkade/clock';
import type { Log } from '@parkade/rpc';
import { openEmbeddedStore, openEtcdStore, type Store } from '@parkade/store';

/** Where state is kept and events go. */
export interface BackendConfig {
  /** `host:port` each; undefined: the store inside this process. */
  readonly etcd?: readonly string[] | undefined;
  /** `nats://host:port,…`; undefined: the bus inside this process. */
  readonly nats?: string | undefined;
  /** Where the embedded store is kept over restarts; undefined: in memory. */
  readonly dataDir?: string | undefined;
}

export interface Backends {
  readonly store: Store;
  readonly bus: Bus;
  /** Ends the connections (of an embedded store: what it holds unless it has a directory). */
  close(): Promise<void>;
}

/**
 * Opens the store and the bus. Rejects where the directory cannot be used or an address is malformed; servers that are away
 * show in the calls.
 */
export async function openBackends(
  { etcd, nats, dataDir }: BackendConfig,
  { clock, random, log }: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): Promise<Backends> {
  const store =
    etcd === undefined
      ? await openEmbeddedStore({ clock, dataDir })
      : await openEtcdStore({ endpoints: etcd, clock, random });
  const bus = openBus(nats ?? 'embedded:', {
    clock,
    random,
    onFault: (doing, error) => log.warn('bus fault', { doing, error }),
    onHandlerError: (error) => log.error('bus subscriber failed', { error }),
  });
  return {
    store,
    bus,
    close: async () => {
      await bus.close();
      await store.close();
    },
  };
}
