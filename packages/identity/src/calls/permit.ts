import { type LotOf, Refused } from '@parkade/rpc';
import { allow, allowSomewhere } from '../allow.js';
import type { Principal } from '../principal.js';
import type { Need } from './rpc-rights.js';

/**
 * Whether the principal has every right in `needs`; undefined: yes. A value unless the lot of a park has to be asked for, which is
 * so only for a principal with rights in single lots. A park that is not found is answered as it would be by its operation.
 */
export function permit(
  principal: Principal,
  needs: readonly Need[],
  lotOf: LotOf | undefined,
): Refused | undefined | Promise<Refused | undefined> {
  if (principal.operator) return undefined;
  for (const [i, { action, tenantId, where }] of needs.entries()) {
    if (where === 'tenant' || 'lotId' in where) {
      const refused = allow(principal, action, tenantId, where === 'tenant' ? undefined : where.lotId);
      if (refused !== undefined) return refused;
      continue;
    }
    const whole = allow(principal, action, tenantId);
    if (whole === undefined) continue;
    if (lotOf === undefined || allowSomewhere(principal, action, tenantId) !== undefined) return whole;
    return lotOf(tenantId, where.parkId).then((lot) => {
      const refused = lot instanceof Refused ? lot : allow(principal, action, tenantId, lot);
      return refused ?? permit(principal, needs.slice(i + 1), lotOf);
    });
  }
  return undefined;
}
