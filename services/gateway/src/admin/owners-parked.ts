import type { ParkedCalls } from '@parkade/admin';
import type { Clock } from '@parkade/clock';
import { EXTENSION_LOT, parkIdShard, slotShard } from '@parkade/ids';
import { Consistency, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Commands } from '../commands/commands.js';
import type { GatewayLimits } from '../config.js';
import { deadlineIn } from '../deadline.js';
import type { Cluster } from '../ports.js';
import type { OwnedSlots } from '../reads/owned-slots.js';

/** Of the calls of a lot that is made anew, so many are looked at: with another spread half of all slots are elsewhere, or more. */
const MAX_LOOKED_AT = 100;

/**
 * What groups have parked, and what is left of lots, asked of the owners with the settings this gateway has seen: an owner answers when it has seen them
 * too.
 */
export class OwnersParked implements ParkedCalls {
  constructor(
    private readonly commands: Pick<Commands, 'execute'>,
    private readonly clock: Clock,
    private readonly limits: GatewayLimits,
    private readonly cluster: Pick<Cluster, 'shardCount'>,
    private readonly owned: Pick<OwnedSlots, 'list'>,
  ) {}

  async misplaced(tenantId: string, lotId: string, spread: number): Promise<string | undefined | Refused> {
    const query = { tenantId, lotId, states: [], limit: MAX_LOOKED_AT, after: { lotId: '', slot: '' } };
    const page = await this.owned.list(query, deadlineIn(undefined, this.clock, this.limits));
    if (page instanceof Refused) return page;
    const { shardCount } = this.cluster;
    return page.slots.find(({ slot, parks }) => {
      const shard = parkIdShard(parks[0]?.parkId ?? '');
      return shard !== undefined && shard !== slotShard(tenantId, lotId, slot, spread, shardCount);
    })?.slot;
  }

  async ofGroup(
    tenantId: string,
    groupId: string,
    extensions: readonly string[],
  ): Promise<ReadonlySet<string> | Refused> {
    const deadline = deadlineIn(undefined, this.clock, this.limits);
    const answers = await Promise.all(
      extensions.map((extension) =>
        this.commands.execute(
          {
            $case: 'getSlot',
            value: { tenantId, slot: { lotId: EXTENSION_LOT, slot: extension }, consistency: Consistency.FENCED },
          },
          deadline,
        ),
      ),
    );
    const held = new Set<string>();
    for (const [i, answer] of answers.entries()) {
      if (answer instanceof Refused) {
        // A tenant or lot that is gone, and in which nobody is parked there, has nothing to wait for.
        if (answer.reason === Reason.TENANT_NOT_FOUND || answer.reason === Reason.LOT_NOT_FOUND) continue;
        return answer;
      }
      const parks = answer.$case === 'getSlot' ? (answer.value.slot?.parks ?? []) : [];
      const extension = extensions[i];
      if (extension !== undefined && parks.some((park) => park.groupId === groupId)) held.add(extension);
    }
    return held;
  }
}
