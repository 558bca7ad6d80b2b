import { hostname } from 'node:os';
import { MAX_SHARD_COUNT } from '@parkade/ids';
import type { FlagReader } from '../flags/flag-reader.js';
import { LOG_LEVELS, type LogLevel } from '../terminal/json-log.js';
import { type ProcessKind, readSecurity, type SecuritySettings } from '../security/security-settings.js';
import type { BackendConfig } from './backends.js';
import { readBackendTls } from './etcd-flags.js';

/** The longest times that make sense on a command line. */
const MAX_LEASE_MS = 60_000;
const MAX_GRACE_MS = 600_000;

/** What every command that serves is told. Times in milliseconds. */
export interface ServiceFlags {
  /** The command's name: what this process is, in its metrics. */
  readonly role: string;
  readonly backends: BackendConfig;
  readonly security: SecuritySettings;
  readonly host: string;
  readonly port: number;
  readonly memberId: string;
  readonly leaseTtlMs: number;
  readonly shardCount: number | undefined;
  readonly autoTenants: boolean;
  readonly graceMs: number;
  /** Where metrics are served; undefined: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly metricsTenants: readonly string[];
  /** Where traces are sent, and what share of those that begin here; undefined: traces are off. */
  readonly traces: { readonly url: string; readonly ratio: number } | undefined;
  readonly logLevel: LogLevel;
  readonly json: boolean;
}

/** Reads them; faults stay with the reader, who reports them with those of the command itself. */
export function readServiceFlags(
  flags: FlagReader,
  defaults: {
    readonly role: string;
    readonly kind: ProcessKind;
    readonly port: number;
    readonly autoTenants: boolean;
  },
): ServiceFlags {
  const nats = flags.text('nats');
  if (nats !== undefined && !/^(nats|tls):\/\/\S+$/.test(nats)) {
    flags.fault('--nats must be a URL such as nats://127.0.0.1:4222');
  }
  const etcd = flags.endpoints('etcd');
  const host = flags.text('host') ?? '127.0.0.1';
  const dataDir = flags.text('dataDir');
  if (etcd !== undefined && dataDir !== undefined) {
    flags.fault('--data-dir is for the embedded store: leave it out, or leave --etcd out');
  }
  return {
    role: defaults.role,
    backends: {
      etcd,
      etcdTls: readBackendTls(flags, 'etcd'),
      nats,
      natsTls: readBackendTls(flags, 'nats'),
      dataDir,
    },
    security: readSecurity(flags, host, defaults.kind),
    host,
    port: flags.integer('port', 0, 65_535, defaults.port),
    memberId: flags.text('memberId') ?? `${hostname()}-${process.pid}`,
    leaseTtlMs: flags.time('leaseTtl', 2_000, MAX_LEASE_MS, 5_000),
    shardCount: flags.has('shards') ? flags.integer('shards', 1, MAX_SHARD_COUNT, 256) : undefined,
    autoTenants: flags.boolean('autoTenants', defaults.autoTenants),
    metrics: flags.listenAddress('metrics'),
    metricsTenants: flags.list('metricsTenants'),
    traces: readTraces(flags),
    graceMs: flags.time('grace', 0, MAX_GRACE_MS, 20_000),
    logLevel: flags.oneOf('logLevel', LOG_LEVELS, 'info'),
    json: flags.boolean('json', false),
  };
}

/** The port of the REST API; undefined: it is not served. */
export function readHttpPort(flags: FlagReader): number | undefined {
  return flags.has('httpPort') ? flags.integer('httpPort', 0, 65_535, 0) : undefined;
}

function readTraces(flags: FlagReader): ServiceFlags['traces'] {
  const url = flags.text('traces');
  if (url === undefined) return undefined;
  if (!/^https?:\/\/[^\s/]+\/\S*$/.test(url))
    flags.fault('--traces must be a URL such as http://127.0.0.1:4318/v1/traces');
  const text = flags.text('tracesRatio') ?? '1';
  const ratio = Number(text);
  if (!/^\d/.test(text) || !(ratio >= 0 && ratio <= 1)) flags.fault('--traces-ratio must be a number from 0 to 1');
  return { url, ratio };
}
