import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Action, Principal, Role, TenantRights } from './principal.js';

/**
 * Whether `principal` may do `action`; undefined: yes. Pure.
 *
 * A tenant in which the principal holds nothing does not exist for it: the very refusal that a missing tenant gets. A right that
 * is missing in a tenant of its own is PERMISSION_DENIED. Without `lotId` the action concerns all of the tenant, and a right in
 * single lots is not enough. For `operator` tenant and lot say nothing.
 */
export function allow(principal: Principal, action: Action, tenantId: string, lotId?: string): Refused | undefined {
  if (principal.operator) return undefined;
  if (action === 'operator') return denied(action, '', undefined);
  const rights = principal.tenants.get(tenantId);
  if (rights === undefined) return tenantNotFound(tenantId);
  if (holds(rights.roles, action)) return undefined;
  const inLot = lotId === undefined ? undefined : rights.lots.get(lotId);
  if (inLot !== undefined && holds(inLot, action)) return undefined;
  return denied(action, tenantId, lotId);
}

/** As `allow`, for what names no lot yet: a right in any lot of the tenant passes, and the lot is asked for when it is known. */
export function allowSomewhere(principal: Principal, action: Role, tenantId: string): Refused | undefined {
  const refused = allow(principal, action, tenantId);
  const rights = principal.tenants.get(tenantId);
  return refused !== undefined && rights !== undefined && inSomeLot(rights, action) ? undefined : refused;
}

/** Whether the principal holds `action` in single lots of the tenant only. */
export function onlyInLots(principal: Principal, action: Role, tenantId: string): boolean {
  if (principal.operator) return false;
  const rights = principal.tenants.get(tenantId);
  return rights === undefined || !holds(rights.roles, action);
}

/** What is answered for a tenant that does not exist, and for one that is not the caller's. */
export function tenantNotFound(tenantId: string): Refused {
  const message = `There is no tenant ${tenantId}: make it first, or start the gateway with automatic tenants.`;
  return new Refused(Reason.TENANT_NOT_FOUND, message, { tenant_id: tenantId });
}

function inSomeLot({ lots }: TenantRights, action: Role): boolean {
  for (const roles of lots.values()) if (holds(roles, action)) return true;
  return false;
}

function holds(roles: ReadonlySet<Role>, action: Role): boolean {
  return roles.has(action) || roles.has('admin');
}

function denied(action: Action, tenantId: string, lotId: string | undefined): Refused {
  const where =
    action === 'operator'
      ? 'in the cluster'
      : lotId === undefined
        ? `in all of the tenant ${tenantId}`
        : `in the lot ${lotId} of the tenant ${tenantId}`;
  const message = `The token does not give the right ${action} ${where}.`;
  return new Refused(Reason.PERMISSION_DENIED, message, {
    action,
    ...(tenantId === '' ? {} : { tenant_id: tenantId }),
    ...(lotId === undefined ? {} : { lot_id: lotId }),
  });
}
