import type { ParkedCalls } from '@parkade/admin';
import type { Clock } from '@parkade/clock';
import { EXTENSION_LOT } from '@parkade/ids';
import { Consistency, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Commands } from '../commands/commands.js';
import type { GatewayLimits } from '../config.js';
import { deadlineIn } from '../deadline.js';

/**
 * What groups have parked, asked of the owners with the settings this gateway has seen: an owner answers when it has seen them
 * too.
 */
export class ParkedByGroup implements ParkedCalls {
  constructor(
    private readonly commands: Pick<Commands, 'execute'>,
    private readonly clock: Clock,
    private readonly limits: GatewayLimits,
  ) {}

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
