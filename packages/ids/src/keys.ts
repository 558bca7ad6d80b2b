import { decodeToken, encodeToken } from './names.js';

/** Every key the product uses in the store. All of a shard stands under one prefix, so one watch follows it whole. */
export const keys = {
  /** Cluster facts fixed at creation: shard count, format, incarnation (JSON). */
  meta: '/parkade/meta',
  /** Live members of all roles, leased. */
  members: '/parkade/nodes/',
  /** Live members of a role, leased. */
  nodes: (role: string): string => `/parkade/nodes/${role}/`,
  node: (role: string, memberId: string): string => `/parkade/nodes/${role}/${encodeToken(memberId)}`,
  /** What the members of a role use of quotas, leased: `<member>/here`, and `<member>/<kind>/<tenant>` with a decimal number. */
  usages: (role: string): string => `/parkade/usage/${role}/`,
  usage: (role: string, member: string, kind: string, tenantId: string): string =>
    `/parkade/usage/${role}/${member}/${kind}/${encodeToken(tenantId)}`,
  /** Owner keys of a role, leased; the modification revision is the epoch. */
  owners: (role: string): string => `/parkade/owners/${role}/`,
  owner: (role: string, partition: number): string => `/parkade/owners/${role}/${pad(partition)}`,
  /** All shards. */
  shards: '/parkade/shards/',
  /** All of a shard. */
  shard: (shard: number): string => `/parkade/shards/${pad(shard)}/`,
  slots: (shard: number): string => `/parkade/shards/${pad(shard)}/slots/`,
  slot: (shard: number, tenantId: string, lotId: string, slot: string): string =>
    `/parkade/shards/${pad(shard)}/slots/${encodeToken(tenantId)}/${encodeToken(lotId)}/${encodeToken(slot)}`,
  journal: (shard: number): string => `/parkade/shards/${pad(shard)}/journal/`,
  /** `order` sorts as it counts: the entry's wall ms and a number, both padded. */
  journalEntry: (shard: number, order: string): string => `/parkade/shards/${pad(shard)}/journal/${order}`,
  mark: (shard: number): string => `/parkade/shards/${pad(shard)}/mark`,
  /** Written in the transaction that hands a shard off, so that its follower sees where it ends. */
  handOff: (shard: number): string => `/parkade/shards/${pad(shard)}/hand-off`,
  /** System-wide settings (JSON). */
  system: '/parkade/system',
  /** All tenants' settings. */
  tenants: '/parkade/tenants/',
  tenant: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/`,
  tenantSettings: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/settings`,
  /** What the tenant may take (JSON). Beside its settings: operators write it, and not the tenant. */
  tenantQuotas: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/quotas`,
  /**
   * Written with whatever is written of a tenant: whoever decides by all of a tenant's settings compares its revision, and so writes
   * only where nothing has changed since.
   */
  tenantGuard: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/guard`,
  /** All lots of a tenant. */
  lots: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/lots/`,
  lot: (tenantId: string, lotId: string): string =>
    `/parkade/tenants/${encodeToken(tenantId)}/lots/${encodeToken(lotId)}`,
  /** All groups of a tenant. */
  groups: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/groups/`,
  group: (tenantId: string, groupId: string): string =>
    `/parkade/tenants/${encodeToken(tenantId)}/groups/${encodeToken(groupId)}`,
  /** Groups of all tenants that go when their last call has gone, one key each. */
  draining: '/parkade/draining/',
  drainingGroup: (tenantId: string, groupId: string): string =>
    `/parkade/draining/${encodeToken(tenantId)}/${encodeToken(groupId)}`,
  /** A tenant's users, by extension (JSON). Beside the settings: only who administers them reads them. */
  users: (tenantId: string): string => `/parkade/users/${encodeToken(tenantId)}/`,
  user: (tenantId: string, extension: string): string =>
    `/parkade/users/${encodeToken(tenantId)}/${encodeToken(extension)}`,
  /** Whose a user's name is (the extension, as text); `name` in lower case. */
  userNames: (tenantId: string): string => `/parkade/user-names/${encodeToken(tenantId)}/`,
  userName: (tenantId: string, name: string): string =>
    `/parkade/user-names/${encodeToken(tenantId)}/${encodeToken(name)}`,
  /** What is known of a tenant's prompt files (JSON). */
  promptFiles: (tenantId: string): string => `/parkade/prompt-files/${encodeToken(tenantId)}/`,
  promptFile: (tenantId: string, fileId: string): string =>
    `/parkade/prompt-files/${encodeToken(tenantId)}/${encodeToken(fileId)}`,
  /** What links to files are signed with: random bytes. */
  linkKey: '/parkade/link-key',
  /** All ring groups of a tenant. */
  ringGroups: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/ring-groups/`,
  ringGroup: (tenantId: string, groupId: string): string =>
    `/parkade/tenants/${encodeToken(tenantId)}/ring-groups/${encodeToken(groupId)}`,
  flows: (tenantId: string): string => `/parkade/tenants/${encodeToken(tenantId)}/flows/`,
  /** A stored call flow (JSON). */
  flow: (tenantId: string, flowId: string): string =>
    `/parkade/tenants/${encodeToken(tenantId)}/flows/${encodeToken(flowId)}`,
  /** How often a round-robin ring group was rung (decimal text): who is next, also after a failover. */
  ringCursor: (tenantId: string, groupId: string): string =>
    `/parkade/ring-cursors/${encodeToken(tenantId)}/${encodeToken(groupId)}`,
  /** Webhook endpoints of all tenants, by tenant and id (JSON, with their secrets). Beside the settings: only who delivers reads them. */
  webhooks: '/parkade/webhooks/',
  tenantWebhooks: (tenantId: string): string => `/parkade/webhooks/${encodeToken(tenantId)}/`,
  webhook: (tenantId: string, id: string): string => `/parkade/webhooks/${encodeToken(tenantId)}/${encodeToken(id)}`,
  /** Audit records (JSON) that were written with their changes and not yet moved to the bus, of all tenants. */
  audit: '/parkade/audit/',
  tenantAudit: (tenantId: string): string => `/parkade/audit/${encodeToken(tenantId)}/`,
  auditEntry: (tenantId: string, id: string): string => `/parkade/audit/${encodeToken(tenantId)}/${encodeToken(id)}`,
  /** Registered media nodes. */
  mediaNodes: '/parkade/media-nodes/',
  mediaNode: (name: string): string => `/parkade/media-nodes/${encodeToken(name)}`,
} as const;

/** The partition an owner key is about; undefined when it is none of that role's. */
export function ownerKeyPartition(role: string, key: string): number | undefined {
  const prefix = keys.owners(role);
  if (!key.startsWith(prefix) || !/^\d{5}$/.test(key.slice(prefix.length))) return undefined;
  return Number(key.slice(prefix.length));
}

/** The group a draining key is about; undefined when it is none. */
export function parseDrainingKey(key: string): { tenantId: string; groupId: string } | undefined {
  if (!key.startsWith(keys.draining)) return undefined;
  const [tenant, group, ...rest] = key.slice(keys.draining.length).split('/');
  const [tenantId, groupId] = [decodeToken(tenant ?? ''), decodeToken(group ?? '')];
  if (!tenantId || !groupId || rest.length > 0) return undefined;
  return { tenantId, groupId };
}

/** The guard of the tenant whose key this is; undefined when it is no tenant's. */
export function tenantGuardOf(key: string): string | undefined {
  const token = /^\/parkade\/tenants\/([^/]+)\//.exec(key)?.[1];
  return token === undefined ? undefined : `${keys.tenants}${token}/guard`;
}

/** The parts of a slot key; undefined when it is not one. */
export function parseSlotKey(
  key: string,
): { shard: number; tenantId: string; lotId: string; slot: string } | undefined {
  const match = /^\/parkade\/shards\/(\d{5})\/slots\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(key);
  if (match === null) return undefined;
  const [tenantId, lotId, slot] = [match[2], match[3], match[4]].map((token) => decodeToken(token ?? ''));
  if (tenantId === undefined || lotId === undefined || slot === undefined) return undefined;
  return { shard: Number(match[1]), tenantId, lotId, slot };
}

function pad(partition: number): string {
  return partition.toString().padStart(5, '0');
}
