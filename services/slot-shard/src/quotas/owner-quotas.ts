import { HOLDING_LOT } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { allowedCount, type SharedUsage, toldCount, type UsageBoard, type UsageNow } from '@parkade/quotas';
import { quotaOf, type SettingsCache, type TenantView } from '@parkade/settings';
import type { RefusalData } from '../machine/index.js';
import { TenantUse } from './tenant-use.js';

type Kind = 'parked_calls' | 'slots';

/** What the owners tell each other; without one this owner is alone. */
export type OwnersBoard = Pick<UsageBoard, 'members' | 'of'>;

export interface OwnerQuotasDeps {
  readonly settings: Pick<SettingsCache, 'tenant' | 'system'>;
  readonly refused: (quota: string) => void;
}

/**
 * Whether tenants may have one park more at this owner, as one of all owners.
 *
 *   Q1. Only what is new is asked about: a park that goes on (retrieved, given back, rung back, moved) is never refused.
 *   Q2. A park that is being written counts; so no number of commands at once gets past the limit.
 *   Q3. All owners together overshoot a limit by `allowedCount`'s bound at most. The holding lot, where a call waits that has no slot,
 *       takes as many again: a call that arrived by phone is rung back to its parker, and not dropped.
 */
export class OwnerQuotas {
  readonly use = new TenantUse();
  #board: OwnersBoard | undefined;

  constructor(private readonly deps: OwnerQuotasDeps) {}

  /** From now on the other owners count. */
  share(board: OwnersBoard): void {
    this.#board = board;
  }

  /** Why one park more is refused; undefined: it is not. `opensSlot`: the slot is not in use yet. */
  beyond(tenant: TenantView, lotId: string, opensSlot: boolean): RefusalData | undefined {
    const { tenantId } = tenant;
    const factor = lotId === HOLDING_LOT ? 2 : 1;
    if (!this.#fits('parked_calls', tenant, this.use.calls(tenantId), factor))
      return this.#refuse('parked_calls', tenant);
    if (opensSlot && !this.#fits('slots', tenant, this.use.slots(tenantId), factor))
      return this.#refuse('slots', tenant);
    return undefined;
  }

  /** What the other owners are to know. */
  told(): UsageNow {
    return { parked_calls: this.#told('parked_calls'), slots: this.#told('slots') };
  }

  *#told(kind: Kind): IterableIterator<readonly [tenantId: string, amount: number]> {
    const { settings } = this.deps;
    const shared = this.#board?.of(kind);
    for (const [tenantId, { calls, slots }] of this.use.tenants) {
      const limit = quotaOf(kind, settings.tenant(tenantId), settings.system);
      if (limit === Infinity || shared === undefined) continue;
      const count = kind === 'slots' ? slots : calls;
      const amount = toldCount(limit, count, shared.elsewhere(tenantId), this.#board?.members ?? 1);
      if (amount > 0) yield [tenantId, amount];
    }
  }

  #fits(kind: Kind, tenant: TenantView, count: number, factor: number): boolean {
    const limit = quotaOf(kind, tenant, this.deps.settings.system) * factor;
    if (limit === Infinity) return true;
    const board = this.#board;
    if (board === undefined) return count < limit;
    const shared: SharedUsage = board.of(kind);
    const { tenantId } = tenant;
    return count < allowedCount(limit, shared.told(tenantId), shared.elsewhere(tenantId), board.members);
  }

  #refuse(quota: Kind, tenant: TenantView): RefusalData {
    this.deps.refused(quota);
    const limit = quotaOf(quota, tenant, this.deps.settings.system);
    const what = quota === 'slots' ? `${limit} slots in use` : `${limit} calls parked`;
    const message = `The tenant may have ${what}, and has: one must end first, or ask the operator for more.`;
    return { reason: Reason.QUOTA_EXCEEDED, message, metadata: { quota, limit: String(limit) } };
  }
}
