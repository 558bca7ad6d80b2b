import { DEFAULT_LOT, EXTENSION_LOT, extensionShard, homeShard, parkIdShard, slotShard } from '@parkade/ids';
import { Reason, type SlotTarget, type Target } from '@parkade/proto';
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

/** A value where the settings know the lot, which they nearly always do. */
type Found = Place | Refused | Promise<Place | Refused>;

/** Finds the shard of what a request names. */
export class Places {
  constructor(
    private readonly cluster: Cluster,
    private readonly lots: Lots,
    /** The shard of a slot somebody is parked in, asked of its owners. */
    private readonly shardOf: OwnedSlots['shardOf'],
  ) {}

  target(tenantId: string, target: Target | undefined, deadline: Deadline): Found {
    const kind = target?.kind;
    switch (kind?.$case) {
      case 'slot':
        return this.slot(tenantId, kind.value, deadline);
      case 'lot':
        return this.#inLot(tenantId, kind.value.lotId, deadline, (lot) => ({
          shard: homeShard(tenantId, lot.lot_id, this.cluster.shardCount),
          lot,
        }));
      case 'extension':
        return this.#slotIn(tenantId, EXTENSION_LOT, kind.value.extension, deadline);
      case 'group': {
        const place = { shard: extensionShard(tenantId, this.cluster.shardCount), lot: undefined };
        return this.lots.tenant(tenantId, deadline)?.then((refused) => refused ?? place) ?? place;
      }
      case undefined:
        throw new Error('a target without a kind passed validation');
    }
  }

  slot(tenantId: string, { lotId, slot }: SlotTarget, deadline: Deadline): Found {
    return this.#slotIn(tenantId, lotId === '' ? DEFAULT_LOT : lotId, slot, deadline);
  }

  /** As `slot`, but also where tenant or lot are gone from the settings and somebody is parked there all the same. */
  taken(tenantId: string, target: SlotTarget, deadline: Deadline): Found {
    const place = this.slot(tenantId, target, deadline);
    return place instanceof Promise
      ? place.then((found) => (found instanceof Refused ? this.#left(tenantId, target, found, deadline) : found))
      : place;
  }

  async #left(tenantId: string, target: SlotTarget, refused: Refused, deadline: Deadline): Promise<Place | Refused> {
    if (!isGone(refused)) return refused;
    const lotId = target.lotId === '' ? DEFAULT_LOT : target.lotId;
    const shard = await this.shardOf(tenantId, lotId, target.slot, deadline);
    return shard === undefined ? refused : { shard, lot: undefined };
  }

  /** A park id names its shard. Neither tenant nor lot need be known: what is parked outlives their settings. */
  park(parkId: string): Place | Refused {
    const shard = parkIdShard(parkId);
    if (shard !== undefined && shard < this.cluster.shardCount) return { shard, lot: undefined };
    return new Refused(Reason.PARK_NOT_FOUND, 'No park with this id; it may have ended long ago.', { park_id: parkId });
  }

  #slotIn(tenantId: string, lotId: string, slot: string, deadline: Deadline): Found {
    const { shardCount } = this.cluster;
    return this.#inLot(tenantId, lotId, deadline, (lot) => ({
      shard: slotShard(tenantId, lot.lot_id, slot, lot.spread, shardCount),
      lot,
    }));
  }

  #inLot(tenantId: string, lotId: string, deadline: Deadline, place: (lot: LotSettings) => Place): Found {
    const lot = this.lots.lot(tenantId, lotId, deadline);
    return lot instanceof Promise ? lot.then((found) => (found instanceof Refused ? found : place(found))) : place(lot);
  }
}
