import { distance } from 'fastest-levenshtein';

// The names of the environment, and what becomes of names that are none of them.
//   V1. A name that is nearly a known one is a slip: the command is refused, and hears which was meant.
//   V2. Any other unknown name is told and let be: an older version starts with the environment of a newer one.
//   V3. What Kubernetes puts there for a Service called parkade-… is no name of ours.

/** Every variable that some command reads: this is the one place where the names of the environment stand. */
export const VARIABLES = [
  'PARKADE_ADVERTISE_HOST',
  'PARKADE_AUDIENCE',
  'PARKADE_AUTH',
  'PARKADE_AUTH_KEY',
  'PARKADE_AUTO_TENANTS',
  'PARKADE_CA',
  'PARKADE_CERT',
  'PARKADE_CLUSTER_TOKEN',
  'PARKADE_DATA_DIR',
  'PARKADE_ESL_PASSWORD',
  'PARKADE_ETCD',
  'PARKADE_ETCD_CA',
  'PARKADE_ETCD_CERT',
  'PARKADE_ETCD_KEY',
  'PARKADE_FLOW_PORT',
  'PARKADE_GATEWAY',
  'PARKADE_GATEWAYS',
  'PARKADE_GRACE',
  'PARKADE_HEALTH_PORT',
  'PARKADE_HOST',
  'PARKADE_HTTP_PORT',
  'PARKADE_ISSUER',
  'PARKADE_JWKS',
  'PARKADE_JWT_ALGORITHMS',
  'PARKADE_JWT_CLAIM',
  'PARKADE_KEY',
  'PARKADE_LEASE_TTL',
  'PARKADE_LOG_LEVEL',
  'PARKADE_MEDIA_FILE',
  'PARKADE_MEDIA_NODE',
  'PARKADE_MEDIA_NODES_DNS',
  'PARKADE_MEDIA_NODES_SIP_PORT',
  'PARKADE_MEMBER_ID',
  'PARKADE_METRICS',
  'PARKADE_METRICS_TENANTS',
  'PARKADE_NATS',
  'PARKADE_NATS_CA',
  'PARKADE_NATS_CERT',
  'PARKADE_NATS_KEY',
  'PARKADE_OUTBOUND_HOST',
  'PARKADE_OUTBOUND_PORT',
  'PARKADE_OWNERS',
  'PARKADE_PORT',
  'PARKADE_PROMPT_CACHE',
  'PARKADE_PROMPT_CACHE_AT_SWITCH',
  'PARKADE_PROMPT_FILES',
  'PARKADE_PROMPT_SOURCE',
  'PARKADE_RECALL',
  'PARKADE_RECALL_PORT',
  'PARKADE_SERVER_NAME',
  'PARKADE_SETTINGS',
  'PARKADE_SHARDS',
  'PARKADE_TENANT',
  'PARKADE_TIMEOUT',
  'PARKADE_TLS_CA',
  'PARKADE_TLS_CERT',
  'PARKADE_TLS_KEY',
  'PARKADE_TLS_PEER_NAME',
  'PARKADE_TOKEN',
  'PARKADE_TRACES',
  'PARKADE_TRACES_RATIO',
  'PARKADE_WEBHOOK_ATTEMPTS',
  'PARKADE_WEBHOOK_PRIVATE_TARGETS',
  'PARKADE_WEBHOOK_RETRY',
] as const;

/** One of them. */
export type Variable = (typeof VARIABLES)[number];

/** A name that begins as ours do and is none of them. */
export interface UnknownVariable {
  readonly name: string;
  readonly nearest: Variable;
  /** Whether it is so near that nothing else can be meant. */
  readonly slip: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'PARKADE_';
const LINK = '_SERVICE_HOST';
/** So many letters of a name may one slip get wrong. */
const LETTERS_A_SLIP = 3;
const MAX_SLIPS = 2;

/** The unknown names of an environment, in alphabetical order. */
export function unknownVariables(environment: Environment): readonly UnknownVariable[] {
  const known = new Set<string>(VARIABLES);
  const names = Object.keys(environment).filter((name) => name.startsWith(PREFIX) && !known.has(name));
  if (names.length === 0) return [];
  const services = Object.keys(environment)
    .filter((name) => name.endsWith(LINK))
    .map((name) => name.slice(0, -LINK.length));
  const linked = (name: string): boolean =>
    services.some((service) => name === `${service}_PORT` || /^_(SERVICE|PORT)_/.test(after(name, service)));
  return names
    .filter((name) => !linked(name))
    .sort()
    .map(judged);
}

function after(name: string, start: string): string {
  return name.startsWith(start) ? name.slice(start.length) : '';
}

function judged(name: string): UnknownVariable {
  const own = name.slice(PREFIX.length);
  let nearest: Variable = VARIABLES[0];
  let least = Infinity;
  for (const variable of VARIABLES) {
    const away = distance(own, variable.slice(PREFIX.length));
    if (away < least) [nearest, least] = [variable, away];
  }
  const near = least <= Math.min(MAX_SLIPS, Math.floor(own.length / LETTERS_A_SLIP));
  return { name, nearest, slip: near || letters(name) === letters(nearest) };
}

/** The same of two names whose letters alone changed places. */
function letters(name: string): string {
  return Array.from(name).sort().join('');
}
