import type { FlagReader } from '../flags/flag-reader.js';
import type { BackendTls } from './backends.js';

/** An etcd, and how it is reached. */
export interface EtcdTarget {
  /** `host:port` each. */
  readonly endpoints: readonly string[];
  readonly tls: BackendTls | undefined;
}

/** Reads `--etcd`, which the command cannot do without (`why`), and how it is reached. */
export function readEtcd(flags: FlagReader, why: string): EtcdTarget {
  flags.required('etcd', why);
  return { endpoints: flags.endpoints('etcd') ?? [], tls: readBackendTls(flags, 'etcd') };
}

/** Reads `--<backend>-ca`, `-cert` and `-key`; undefined: no TLS, but for what the address says. */
export function readBackendTls(flags: FlagReader, backend: 'etcd' | 'nats'): BackendTls | undefined {
  const [ca, cert, key] = ['Ca', 'Cert', 'Key'].map((suffix) => flags.text(`${backend}${suffix}`));
  if ((cert === undefined) !== (key === undefined)) {
    flags.fault(`--${backend}-cert and --${backend}-key go together: give both`);
  }
  if (ca !== undefined) return { ca, cert, key };
  if (cert !== undefined) flags.fault(`--${backend}-ca is missing: the CA of ${backend}’s own certificate`);
  return undefined;
}
