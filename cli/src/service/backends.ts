import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bus, BusDirectory, EmbeddedBroker, openBus } from '@parkade/bus';
import type { Clock, Random } from '@parkade/clock';
import type { Log } from '@parkade/rpc';
import { type EtcdStoreOptions, openEmbeddedStore, openEtcdStore, type Store } from '@parkade/store';

/** Paths of PEM files with which a backend is reached over TLS; certificate and key go together. */
export interface BackendTls {
  readonly ca: string;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Where state is kept and events go. */
export interface BackendConfig {
  /** `host:port` each; undefined: the store inside this process. */
  readonly etcd?: readonly string[] | undefined;
  readonly etcdTls?: BackendTls | undefined;
  /** `nats://host:port,…`; undefined: the bus inside this process. */
  readonly nats?: string | undefined;
  readonly natsTls?: BackendTls | undefined;
  /** Where the embedded store and bus are kept over restarts; undefined: in memory. */
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
  { etcd, etcdTls, nats, natsTls, dataDir }: BackendConfig,
  { clock, random, log }: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): Promise<Backends> {
  const store =
    etcd === undefined
      ? await openEmbeddedStore({ clock, dataDir })
      : await openEtcdStore({ endpoints: etcd, clock, random, tls: await etcdTlsOf(etcdTls) });
  const keepsBus = nats === undefined && dataDir !== undefined;
  const directory = keepsBus ? await BusDirectory.open(join(dataDir, 'bus')) : undefined;
  const bus = openBus(nats ?? 'embedded:', {
    clock,
    random,
    broker: new EmbeddedBroker(clock, directory),
    ...(natsTls === undefined ? {} : { nats: { tls: natsTlsOf(natsTls) } }),
    onFault: (doing, error) => log.warn('bus fault', { doing, error }),
    onHandlerError: (error) => log.error('bus subscriber failed', { error }),
  });
  return {
    store,
    bus,
    close: async () => {
      await bus.close();
      await directory?.close();
      await store.close();
    },
  };
}

/** The files' contents. Rejects where one cannot be read. */
export async function etcdTlsOf(files: BackendTls | undefined): Promise<EtcdStoreOptions['tls']> {
  if (files === undefined) return undefined;
  const read = async (path: string | undefined): Promise<Buffer | undefined> =>
    path === undefined ? undefined : readFile(path);
  const [rootCertificate, certChain, privateKey] = await Promise.all([files.ca, files.cert, files.key].map(read));
  return { rootCertificate, certChain, privateKey };
}

/** The client reads the files itself, anew for each connection. */
export function natsTlsOf({ ca, cert, key }: BackendTls): Record<string, string> {
  return { caFile: ca, ...(cert === undefined || key === undefined ? {} : { certFile: cert, keyFile: key }) };
}
