import type { Timer } from '@parkade/clock';
import type { LiveMember } from './member-view.js';
import type { OwnerContext } from './owner-context.js';
import type { PartitionId } from './partition-space.js';
import type { Takeover } from './takeover.js';

/**
 * Looks after the members that follow this one in the ring of ids, so that a death is noticed without any traffic: each
 * member is looked after by `peerProbeCount` others.
 */
export class PeerWatch<P extends PartitionId> {
  #timer: Timer | undefined;

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly takeover: Takeover<P>,
  ) {}

  start(): void {
    const { peerProbeMs, forcedTakeover, peerProbeCount } = this.context.timing;
    if (peerProbeMs > 0 && forcedTakeover && peerProbeCount > 0) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    const { clock, random, timing, closed } = this.context;
    if (closed.aborted) return;
    this.#timer = clock.setTimer(timing.peerProbeMs * (0.75 + random.next() / 2), () => {
      // The next round begins when this one ended; a probe is bounded in time, and neither call rejects.
      void Promise.all(this.#next().map(({ memberId }) => this.takeover.report(memberId, 'peer probe'))).then(() =>
        this.#arm(),
      );
    });
  }

  #next(): readonly LiveMember[] {
    const { members, self, timing } = this.context;
    const all = members.live();
    const after = all.filter(({ memberId }) => memberId > self.memberId);
    const before = all.filter(({ memberId }) => memberId < self.memberId);
    return [...after, ...before].slice(0, timing.peerProbeCount);
  }
}
