import { EXTENSION_LOT, isName, keys } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import {
  encodeJson,
  isReservedLot,
  lampClash,
  lampClashMessage,
  type LotSettings,
  parseLot,
  type TenantView,
} from '@parkade/settings';
import { objectOf, patched } from '../json-object.js';
import type { AdminLimits } from '../limits.js';
import type { ParkedCalls } from '../parked-calls.js';
import { inUse, invalid, invalidField, lotNotFound, otherSpread, tooMany } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import type { TenantWriter, Written } from '../tenant-writer.js';

/**
 * Lots, written whole.
 *
 *   A5. A lot names a ring group and an overflow lot of its tenant that are there, and overflow never leads in a circle.
 *   A6. A lot another one overflows into is not deleted. Calls parked in a lot that is deleted stay, keep their policy, and
 *       are retrieved by their park id.
 *   A7. `spread` says where slots live: it is not changed, also not by way of deleting the lot while calls are in it: it is not made
 *       anew with another spread before they have left.
 *   A8. No two lots have a lamp in common.
 */
export class Lots {
  constructor(
    private readonly deps: {
      readonly writer: TenantWriter;
      readonly limits: AdminLimits;
      readonly parked: Pick<ParkedCalls, 'misplaced'>;
    },
  ) {}

  async show(tenantId: string, lotId: string): Promise<Written<LotSettings> | Refused> {
    const stored = await this.deps.writer.read(keys.lot(tenantId, lotId));
    if (stored instanceof Refused) return stored;
    if (stored === undefined && !isReservedLot(lotId)) return lotNotFound(lotId);
    const checked = parseLot(lotId, objectOf(stored?.json));
    return checked.ok ? { value: checked.value, revision: stored?.revision ?? 0 } : invalid(checked.issues);
  }

  /** Makes it, or replaces what there is. */
  async put(
    tenantId: string,
    lotId: string,
    input: unknown,
    options: WriteOptions = {},
  ): Promise<Written<LotSettings> | Refused> {
    const { writer, limits } = this.deps;
    if (!isName(lotId)) return invalidField('id', 'must be 1 to 64 printable ASCII characters without blanks');
    const checked = parseLot(lotId, input);
    if (!checked.ok) return invalid(checked.issues);
    const key = keys.lot(tenantId, lotId);
    const fault = await this.#misplacedBy(tenantId, checked.value);
    if (fault !== undefined) return fault;
    return writer.write(tenantId, [key], ({ tenant, at }) => {
      const stored = at(key);
      const refused =
        unexpected(options, stored?.revision ?? 0) ??
        referenceFault(checked.value, tenant) ??
        lampFault(checked.value, tenant);
      if (refused !== undefined) return refused;
      if (stored === undefined && tenant.lots().length >= limits.maxLots) return tooMany('lots', limits.maxLots);
      const before = stored === undefined ? undefined : tenant.lot(lotId);
      if (before !== undefined && before.spread !== checked.value.spread) {
        return invalidField('spread', `is ${before.spread} and cannot be changed: make another lot`);
      }
      const value = encodeJson(patched(input, { lot_id: lotId }));
      return { value: checked.value, ops: [{ kind: 'put', key, value }] };
    });
  }

  /** Why a lot that is not there cannot be made with this spread. While there is none nobody is parked in it. */
  async #misplacedBy(tenantId: string, { lot_id: lotId, spread }: LotSettings): Promise<Refused | undefined> {
    const { writer, parked } = this.deps;
    if (isReservedLot(lotId)) return undefined;
    const stored = await writer.read(keys.lot(tenantId, lotId));
    if (stored !== undefined) return stored instanceof Refused ? stored : undefined;
    const slot = await parked.misplaced(tenantId, lotId, spread);
    return slot === undefined || slot instanceof Refused ? slot : otherSpread(lotId, spread, slot);
  }

  /** Of a reserved lot: what is set of it. */
  async destroy(tenantId: string, lotId: string, options: WriteOptions = {}): Promise<Written<undefined> | Refused> {
    const key = keys.lot(tenantId, lotId);
    return this.deps.writer.write(tenantId, [key], ({ tenant, at }) => {
      const stored = at(key);
      if (stored === undefined) return lotNotFound(lotId);
      const refused = unexpected(options, stored.revision);
      if (refused !== undefined) return refused;
      const other = tenant.lots().find(({ overflow_lot_id }) => overflow_lot_id === lotId);
      if (other !== undefined) return inUse(`The lot ${lotId}`, `the lot ${other.lot_id}`);
      return { value: undefined, ops: [{ kind: 'delete', range: { start: key } }] };
    });
  }
}

function referenceFault(lot: LotSettings, tenant: TenantView): Refused | undefined {
  const { ring_group_id: ring, fallback } = lot.recall ?? {};
  if (ring !== undefined && tenant.ringGroup(ring) === undefined) {
    return invalidField('recall.ring_group_id', `the tenant has no ring group ${ring}`);
  }
  if (fallback?.to === 'ring_group' && tenant.ringGroup(fallback.ring_group_id) === undefined) {
    return invalidField('recall.fallback.ring_group_id', `the tenant has no ring group ${fallback.ring_group_id}`);
  }
  const seen = new Set([lot.lot_id]);
  for (let next = lot.overflow_lot_id; next !== undefined; next = tenant.lot(next)?.overflow_lot_id) {
    if (seen.has(next)) return invalidField('overflow_lot_id', `leads in a circle, back into ${next}`);
    if (tenant.lot(next) === undefined) return invalidField('overflow_lot_id', `the tenant has no lot ${next}`);
    seen.add(next);
  }
  return undefined;
}

function lampFault(lot: LotSettings, tenant: TenantView): Refused | undefined {
  const extensions = tenant.lot(EXTENSION_LOT);
  const other = lampClash(lot, [...tenant.lots(), ...(extensions === undefined ? [] : [extensions])]);
  return other === undefined ? undefined : invalidField('presence_prefix', lampClashMessage(other));
}
