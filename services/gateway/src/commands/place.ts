import { DEFAULT_LOT, EXTENSION_LOT, extensionShard, homeShard, parkIdShard, slotShard } from '@parkade/ids';
import { type ExtensionTarget, Reason, type SlotTarget, type Target } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { LotSettings } from '@parkade/settings';
import type { Deadline } from '../deadline.js';
import type { Cluster } from '../ports.js';
import type { OwnedSlots } from '../reads/owned-slots.js';
import type { Lots } from '../settings/lots.js';

/** Where a command goes first. */
export interface Place {
  readonly shard: number;
  /** The lot it names; undefined when it names a park or a group. */
  readonly lot: LotSettings | undefined;
}

/** Whether settings say that there is no such tenant or lot: somebody may be parked there all the same. */
export function isGone({ reason }: Refused): boolean {
  return reason === Reason.TENANT_NOT_FOUND || reason === Reason.LOT_NOT_FOUND;
}

/** Finds the shard of what a request names. */
export class Places {
  constructor(
    private readonly cluster: Cluster,
    private readonly lots: Lots,
    /** The shard of a slot somebody is parked in, asked of its owners. */
    private readonly shardOf: OwnedSlots['shardOf'],
  ) {}

  async target(tenantId: string, target: Target | undefined, deadline: Deadline): Promise<Place | Refused> {
    const kind = target?.kind;
    switch (kind?.$case) {
      case 'slot':
        return this.slot(tenantId, kind.value, deadline);
      case 'lot': {
        const lot = await this.lots.lot(tenantId, kind.value.lotId, deadline);
        if (lot instanceof Refused) return lot;
        return { shard: homeShard(tenantId, lot.lot_id, this.cluster.shardCount), lot };
      }
      case 'extension':
        return this.extension(tenantId, kind.value, deadline);
      case 'group': {
        const refused = await this.lots.tenant(tenantId, deadline);
        return refused ?? { shard: extensionShard(tenantId, this.cluster.shardCount), lot: undefined };
      }
      case undefined:
        throw new Error('a target without a kind passed validation');
    }
  }

  async slot(tenantId: string, target: SlotTarget, deadline: Deadline): Promise<Place | Refused> {
    const lot = await this.lots.lot(tenantId, target.lotId === '' ? DEFAULT_LOT : target.lotId, deadline);
    if (lot instanceof Refused) return lot;
    return this.#slotIn(tenantId, lot, target.slot);
  }

  async extension(tenantId: string, target: ExtensionTarget, deadline: Deadline): Promise<Place | Refused> {
    const lot = await this.lots.lot(tenantId, EXTENSION_LOT, deadline);
    if (lot instanceof Refused) return lot;
    return this.#slotIn(tenantId, lot, target.extension);
  }

  /** As `slot`, but also where tenant or lot are gone from the settings and somebody is parked there all the same. */
  async taken(tenantId: string, target: SlotTarget, deadline: Deadline): Promise<Place | Refused> {
    const place = await this.slot(tenantId, target, deadline);
    if (!(place instanceof Refused) || !isGone(place)) return place;
    const lotId = target.lotId === '' ? DEFAULT_LOT : target.lotId;
    const shard = await this.shardOf(tenantId, lotId, target.slot, deadline);
    return shard === undefined ? place : { shard, lot: undefined };
  }

  /** A park id names its shard. Neither tenant nor lot need be known: what is parked outlives their settings. */
  park(parkId: string): Place | Refused {
    const shard = parkIdShard(parkId);
    if (shard !== undefined && shard < this.cluster.shardCount) return { shard, lot: undefined };
    return new Refused(Reason.PARK_NOT_FOUND, 'No park with this id; it may have ended long ago.', { park_id: parkId });
  }

  #slotIn(tenantId: string, lot: LotSettings, slot: string): Place {
    return { shard: slotShard(tenantId, lot.lot_id, slot, lot.spread, this.cluster.shardCount), lot };
  }
}
