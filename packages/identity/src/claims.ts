import { z } from 'zod';
import { type Principal, ROLES, type Role, type TenantRights } from './principal.js';

/** The claim that holds the rights, unless another one is named (identity providers often ask for a URL). */
export const DEFAULT_CLAIM = 'parkade';

const MAX_TENANTS = 1_000;
const MAX_LOTS = 1_000;

const rolesSchema = z.array(z.string()).max(64).default([]);
const rightsSchema = z.object({
  operator: z.boolean().default(false),
  tenants: z
    .record(
      z.string(),
      z.object({
        roles: rolesSchema,
        lots: z.record(z.string(), rolesSchema).default({}),
      }),
    )
    .default({}),
});

/**
 * The principal a verified token stands for; undefined where the claim of rights is malformed. Pure.
 *
 *     { "sub": "alice", "exp": …, "parkade": {
 *         "operator": false,
 *         "tenants": { "acme": { "roles": ["view"], "lots": { "sales": ["park", "retrieve"] } } } } }
 *
 * No claim, or a role that is not known: no right, so that a token made for a newer version is not refused by this one. At most
 * 1,000 tenants with 1,000 lots each.
 */
export function principalOf(
  payload: Readonly<Record<string, unknown>>,
  claim: string,
  expiresAtMs: number,
): Principal | undefined {
  const subject = payload['sub'];
  const parsed = rightsSchema.safeParse(payload[claim] ?? {});
  if (typeof subject !== 'string' || subject === '' || !parsed.success) return undefined;
  const { operator, tenants } = parsed.data;
  const named = Object.entries(tenants);
  if (named.length > MAX_TENANTS || named.some(([, { lots }]) => Object.keys(lots).length > MAX_LOTS)) return undefined;
  const rights = named.map(([tenantId, { roles, lots }]): [string, TenantRights] => {
    const inLots = Object.entries(lots).map(([lotId, inLot]) => [lotId, known(inLot)] as const);
    return [tenantId, { roles: known(roles), lots: new Map(inLots) }];
  });
  const held = rights.filter(([, { roles, lots }]) => roles.size > 0 || lots.size > 0);
  return Object.freeze({ subject, kind: 'token', operator, tenants: new Map(held), expiresAtMs });
}

function known(roles: readonly string[]): ReadonlySet<Role> {
  return new Set(ROLES.filter((role) => roles.includes(role)));
}
