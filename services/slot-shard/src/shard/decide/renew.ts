import { HOLDING_LOT } from '@parkade/ids';
import { Reason, type RenewPolicyRequest } from '@parkade/proto';
import { renewed, type TenantView } from '@parkade/settings';
import { policyFor } from '../place.js';
import { atOnce } from './arrive.js';
import { type DecideContext, type Decision, findPark, refuse, run, tenantNotFound } from './decision.js';

/** A park takes the settings of its slot, lot, group, tenant and system as they are now; refused where tenant or lot is gone. */
export function renewPolicy(
  { requestId, tenantId, parkId }: RenewPolicyRequest,
  tenant: TenantView | undefined,
  ctx: DecideContext,
): Decision {
  const found = findPark(parkId, tenantId, ctx);
  if (found.kind === 'answer') return found;
  const { entry } = found;
  if (entry.writing || entry.held) return { kind: 'wait', entry };
  if (tenant === undefined) return tenantNotFound(tenantId);
  const { lotId, slot } = entry.name;
  const lot = tenant.lot(lotId);
  if (lot === undefined) {
    const message = `There is no lot ${lotId} any more: the call keeps what it was parked with.`;
    return refuse({ reason: Reason.LOT_NOT_FOUND, message, metadata: { lot_id: lotId } });
  }
  const kept = entry.record?.parks.find((park) => park.parkId === parkId)?.policy;
  const group = kept?.groupId === undefined ? undefined : tenant.group(kept.groupId);
  const fresh = policyFor(lot, slot, undefined, { settings: ctx.settings, tenant }, undefined, group);
  const policy = { ...renewed(kept, fresh), groupId: kept?.groupId };
  return run(entry, { kind: 'renew', requestId, parkId, policy: lotId === HOLDING_LOT ? atOnce(policy) : policy }, ctx);
}
