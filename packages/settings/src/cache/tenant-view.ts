import type { GroupSettings } from '../group-settings.js';
import { DEFAULT_RESERVED_LOTS, type LotSettings } from '../lot-settings.js';
import type { QuotaSettings } from '../quota-settings.js';
import type { RingGroupSettings } from '../ring-group-settings.js';
import { DEFAULT_TENANT, type TenantSettings } from '../tenant-settings.js';

/**
 * A tenant's settings as they are now. A view that is kept follows the changes; one of a deleted tenant keeps what was last
 * known. Look-ups take constant time and make nothing.
 */
export interface TenantView {
  readonly tenantId: string;
  readonly settings: TenantSettings;
  /** What it may take, where it has quotas of its own. */
  readonly quotas: QuotaSettings | undefined;
  /** A lot; the reserved ones (`_extensions`, `_holding`) always exist. */
  lot(lotId: string): LotSettings | undefined;
  group(groupId: string): GroupSettings | undefined;
  ringGroup(groupId: string): RingGroupSettings | undefined;
  /** The lots that are stored, in no order; reserved ones only where something is stored of them. */
  lots(): readonly LotSettings[];
  groups(): readonly GroupSettings[];
  ringGroups(): readonly RingGroupSettings[];
}

/** The view the cache writes to. */
export class LiveTenant implements TenantView {
  settings: TenantSettings = DEFAULT_TENANT;
  /** Whether the tenant's own settings are stored. */
  hasSettings = false;
  quotas: QuotaSettings | undefined;
  readonly #lots = new Map<string, LotSettings>();
  readonly #groups = new Map<string, GroupSettings>();
  readonly #ringGroups = new Map<string, RingGroupSettings>();
  #lotList: readonly LotSettings[] | undefined;

  constructor(readonly tenantId: string) {}

  /** Whether nothing is stored of the tenant: it does not exist. */
  get empty(): boolean {
    return (
      !this.hasSettings &&
      this.quotas === undefined &&
      this.#lots.size + this.#groups.size + this.#ringGroups.size === 0
    );
  }

  lot(lotId: string): LotSettings | undefined {
    return this.#lots.get(lotId) ?? DEFAULT_RESERVED_LOTS.get(lotId);
  }

  group(groupId: string): GroupSettings | undefined {
    return this.#groups.get(groupId);
  }

  ringGroup(groupId: string): RingGroupSettings | undefined {
    return this.#ringGroups.get(groupId);
  }

  lots(): readonly LotSettings[] {
    return (this.#lotList ??= [...this.#lots.values()]);
  }

  groups(): readonly GroupSettings[] {
    return [...this.#groups.values()];
  }

  ringGroups(): readonly RingGroupSettings[] {
    return [...this.#ringGroups.values()];
  }

  /** Sets, or with undefined clears, the tenant's own settings. */
  setSettings(settings: TenantSettings | undefined): void {
    this.settings = settings ?? DEFAULT_TENANT;
    this.hasSettings = settings !== undefined;
  }

  /** Sets, or with undefined clears, what the tenant may take. */
  setQuotas(quotas: QuotaSettings | undefined): void {
    this.quotas = quotas;
  }

  setLot(lotId: string, lot: LotSettings | undefined): void {
    this.#lotList = undefined;
    if (lot === undefined) this.#lots.delete(lotId);
    else this.#lots.set(lotId, lot);
  }

  setGroup(groupId: string, group: GroupSettings | undefined): void {
    if (group === undefined) this.#groups.delete(groupId);
    else this.#groups.set(groupId, group);
  }

  setRingGroup(groupId: string, group: RingGroupSettings | undefined): void {
    if (group === undefined) this.#ringGroups.delete(groupId);
    else this.#ringGroups.set(groupId, group);
  }
}
