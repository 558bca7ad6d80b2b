import { type Command, Option } from 'commander';
import type { Variable } from './variables.js';

/**
 * Every flag that more than one command takes, with its environment variable. The command line wins over the environment, the
 * environment over the default. Values arrive as text and are read by `FlagReader`, so that all faults are reported together.
 */
export const FLAGS = {
  // How clients find the service.
  gateway: flag('--gateway <host:port>', 'the gateway to talk to', 'PARKADE_GATEWAY', '127.0.0.1:7275'),
  recall: flag(
    '--recall <host:port>',
    'the recall process to talk to, any of them',
    'PARKADE_RECALL',
    '127.0.0.1:7276',
  ),
  tenant: flag('--tenant <id>', 'the tenant', 'PARKADE_TENANT', 'demo'),
  timeout: flag('--timeout <time>', 'give up after this long (500ms, 5s, 1m)', 'PARKADE_TIMEOUT', '5s'),
  json: flag('--json', 'print JSON, for programs'),
  requestId: flag('--request-id <uuid>', 'UUIDv7; the same again is answered the same and done once'),

  // Where the service keeps its state and tells its events.
  etcd: flag('--etcd <host:port,...>', 'the etcd to keep state in', 'PARKADE_ETCD'),
  nats: flag('--nats <url>', 'the NATS to publish on (nats://host:port,...)', 'PARKADE_NATS'),
  dataDir: flag('--data-dir <directory>', 'keep the embedded store and bus here, over restarts', 'PARKADE_DATA_DIR'),

  mediaFile: flag('--media-file <file>', 'JSON: tenants of calls, feature codes, domains', 'PARKADE_MEDIA_FILE'),

  // What a process is.
  host: flag('--host <address>', 'the address to listen on', 'PARKADE_HOST', '127.0.0.1'),
  httpPort: flag(
    '--http-port <port>',
    'serve the REST API and the park board here, too; 0: any free port (default: not served)',
    'PARKADE_HTTP_PORT',
  ),
  promptFiles: flag(
    '--prompt-files <directory>',
    'keep the prompt files of tenants here, for all gateways; nats: in the Object Store of --nats',
    'PARKADE_PROMPT_FILES',
  ),
  advertiseHost: flag(
    '--advertise-host <host>',
    'where others reach this host (default: --host)',
    'PARKADE_ADVERTISE_HOST',
  ),
  memberId: flag('--member-id <name>', 'this process among its like (default: host name and pid)', 'PARKADE_MEMBER_ID'),
  leaseTtl: flag(
    '--lease-ttl <time>',
    'how long a silent owner keeps its shards, 2s or more',
    'PARKADE_LEASE_TTL',
    '5s',
  ),
  shards: flag('--shards <n>', 'the number of shards, fixed when a cluster is made (default: 256)', 'PARKADE_SHARDS'),
  autoTenants: flag(
    '--auto-tenants [yes|no]',
    'make unknown tenants and lots with the defaults',
    'PARKADE_AUTO_TENANTS',
  ),
  noAutoTenants: flag('--no-auto-tenants', 'refuse unknown tenants and lots'),
  grace: flag('--grace <time>', 'how long stopping may take to hand everything over', 'PARKADE_GRACE', '20s'),
  metrics: flag('--metrics <host:port>', 'serve Prometheus metrics there; port 0: any free one', 'PARKADE_METRICS'),
  traces: flag('--traces <url>', 'send traces there by OTLP over HTTP (http://host:4318/v1/traces)', 'PARKADE_TRACES'),
  tracesRatio: flag(
    '--traces-ratio <0..1>',
    'of the traces that begin here so many are recorded; a caller’s own decides for its',
    'PARKADE_TRACES_RATIO',
    '1',
  ),
  metricsTenants: flag(
    '--metrics-tenants <id,...>',
    'tenants whose parked calls are told one by one',
    'PARKADE_METRICS_TENANTS',
  ),
  logLevel: flag(
    '--log-level <level>',
    'debug (every change of a slot), info, warn, error or off; JSON lines on stderr',
    'PARKADE_LOG_LEVEL',
    'info',
  ),
} as const;

/** One flag of one command. */
export function flag(flags: string, description: string, variable?: Variable, standard?: string): () => Option {
  return () => {
    const option = new Option(flags, description);
    if (variable !== undefined) option.env(variable);
    if (standard !== undefined) option.default(standard);
    return option;
  };
}

/** Adds flags to a command, in this order. */
export function addFlags(command: Command, ...flags: readonly (() => Option)[]): Command {
  for (const make of flags) command.addOption(make());
  return command;
}
