import { EXTENSION_LOT, partShard } from '@parkade/ids';
import type { LotSettings, TenantView } from '@parkade/settings';
import type { Scope } from './shard-image.js';

/** The shards that hold, or may come to hold, the slots of a scope as the tenant is set now. */
export function scopeShards(scope: Scope, tenant: TenantView | undefined, shardCount: number): ReadonlySet<number> {
  const shards = new Set<number>();
  const add = (lot: LotSettings | undefined): void => {
    if (lot === undefined) return;
    for (let part = 0; part < Math.min(lot.spread, shardCount); part++) {
      shards.add(partShard(scope.tenantId, lot.lot_id, part, shardCount));
    }
  };
  if (scope.lotId !== '') add(tenant?.lot(scope.lotId));
  else {
    for (const lot of tenant?.lots() ?? []) add(lot);
    add(tenant?.lot(EXTENSION_LOT));
  }
  return shards;
}
