import { auditedStore } from '@parkade/admin';
import type { Clock, Random } from '@parkade/clock';
import { tenantNotFound } from '@parkade/identity';
import { DEFAULT_LOT, keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { ensureTenantLot, isReservedLot, type LotSettings } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import type { GatewayConfig } from '../config.js';
import type { Deadline } from '../deadline.js';
import type { Settings } from '../ports.js';

export interface LotsDeps {
  readonly store: Store;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: Random;
}

/** Who makes tenants and lots that somebody merely named. */
const ITSELF = { principal: 'parkade', peer: '', operation: 'automatic tenants', requestId: '' };

/**
 * Tenants and lots by name.
 *
 *   N1. What the cache knows is answered at once, without I/O.
 *   N2. "Not found" is said only after the store was asked: somebody may have made it a moment ago through another gateway.
 *       Past `maxLookups` at a time the cache is believed.
 *   N3. With automatic tenants what is missing is made, once for all who ask for it at the same time.
 */
export class Lots {
  readonly #audited: Store;
  readonly #lookups = new Map<string, Promise<number | Refused>>();

  constructor(
    private readonly config: Pick<GatewayConfig, 'autoTenants' | 'limits'>,
    private readonly deps: LotsDeps,
  ) {
    this.#audited = auditedStore({ ...deps, by: () => ITSELF });
  }

  /** The lot (empty: `default`), or why there is none. A value where the cache knows it. */
  lot(tenantId: string, lotId: string, deadline: Deadline): LotSettings | Promise<LotSettings | Refused> {
    const id = lotId === '' ? DEFAULT_LOT : lotId;
    return this.known(tenantId, id) ?? this.#find(tenantId, id, deadline);
  }

  /** The lot as the cache knows it. */
  known(tenantId: string, lotId: string): LotSettings | undefined {
    return this.deps.settings.tenant(tenantId)?.lot(lotId);
  }

  /** Undefined when the tenant exists (or was made), else why not. */
  tenant(tenantId: string, deadline: Deadline): undefined | Promise<undefined | Refused> {
    if (this.deps.settings.tenant(tenantId) !== undefined) return undefined;
    return this.#find(tenantId, undefined, deadline).then((found) => (found instanceof Refused ? found : undefined));
  }

  #find(tenantId: string, lotId: string, deadline: Deadline): Promise<LotSettings | Refused>;
  #find(tenantId: string, lotId: undefined, deadline: Deadline): Promise<undefined | Refused>;
  async #find(
    tenantId: string,
    lotId: string | undefined,
    deadline: Deadline,
  ): Promise<LotSettings | undefined | Refused> {
    const { settings, clock } = this.deps;
    const key = `${tenantId}\0${lotId ?? ''}`;
    let lookup = this.#lookups.get(key);
    if (lookup === undefined && this.#lookups.size >= this.config.limits.maxLookups) return notFound(tenantId, lotId);
    if (lookup === undefined) {
      lookup = this.#look(tenantId, lotId).finally(() => this.#lookups.delete(key));
      this.#lookups.set(key, lookup);
    }
    const revision = await lookup;
    if (revision instanceof Refused) return revision;
    await settings.waitFor(revision, deadline - clock.monotonicMs());
    if (lotId === undefined) return settings.tenant(tenantId) === undefined ? notReady() : undefined;
    return this.known(tenantId, lotId) ?? notReady();
  }

  /** The store's revision at which what is asked for exists. Never rejects. */
  async #look(tenantId: string, lotId: string | undefined): Promise<number | Refused> {
    try {
      if (!this.config.autoTenants) return await this.#exists(tenantId, lotId);
      const made = await ensureTenantLot(this.#audited, tenantId, lotId ?? DEFAULT_LOT);
      return made.ok ? made.revision : notFound(tenantId, lotId);
    } catch {
      const message = 'The settings of this tenant are not known here, and the store does not answer; retry.';
      return new Refused(Reason.STORE_UNAVAILABLE, message);
    }
  }

  async #exists(tenantId: string, lotId: string | undefined): Promise<number | Refused> {
    const { store } = this.deps;
    const tenant = await store.range(prefixRange(keys.tenant(tenantId)), { limit: 1, keysOnly: true });
    const any = tenant.kvs[0];
    if (any === undefined) return notFound(tenantId, undefined);
    if (lotId === undefined) return any.modRevision;
    // A reserved lot exists with its tenant, without a key of its own.
    const lot = await store.get(keys.lot(tenantId, lotId));
    if (lot !== undefined) return lot.modRevision;
    return isReservedLot(lotId) ? any.modRevision : notFound(tenantId, lotId);
  }
}

function notFound(tenantId: string, lotId: string | undefined): Refused {
  if (lotId === undefined) return tenantNotFound(tenantId);
  const message = `The tenant ${tenantId} has no lot ${lotId}: make it first, or name another one.`;
  return new Refused(Reason.LOT_NOT_FOUND, message, { tenant_id: tenantId, lot_id: lotId });
}

function notReady(): Refused {
  const message = 'The settings of this tenant are not usable here yet; retry with the same request id.';
  return new Refused(Reason.STORE_UNAVAILABLE, message);
}
