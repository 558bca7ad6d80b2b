import type { Timer } from '@parkade/clock';
import type { LiveMember } from './member-view.js';
import type { OwnerContext } from './owner-context.js';
import type { PartitionId } from './partition-space.js';
import type { Takeover } from './takeover.js';
import type { Held, Hold } from './tcp-hold.js';

/** Where all are held, a round only finds who came meanwhile: it is left out so often less one. */
const HELD_ROUNDS = 5;

/**
 * Looks after the members that follow this one in the ring of ids, so that a death is noticed without any traffic: each
 * member is looked after by `peerProbeCount` others.
 *
 *   W1. With a `hold`, a member that has answered is held by a connection and not asked again while that stands: it is looked into the
 *       moment it ends. (Asking anew each time was half of what an idle owner cost.) A listener that is gone from a process that lives is
 *       noticed by those whose connections it refuses.
 *   W2. What ends a connection is no proof: it is looked into as any other evidence.
 */
export class PeerWatch<P extends PartitionId> {
  #timer: Timer | undefined;
  /** By address. */
  readonly #held = new Map<string, Held>();

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly takeover: Takeover<P>,
    private readonly hold: Hold | undefined,
  ) {}

  start(): void {
    const { peerProbeMs, forcedTakeover, peerProbeCount } = this.context.timing;
    if (peerProbeMs > 0 && forcedTakeover && peerProbeCount > 0) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    for (const held of this.#held.values()) held.close();
    this.#held.clear();
  }

  #arm(): void {
    const { clock, random, timing, closed } = this.context;
    if (closed.aborted) return;
    const everyMs = timing.peerProbeMs * (this.#allHeld() ? HELD_ROUNDS : 1);
    this.#timer = clock.setTimer(everyMs * (0.75 + random.next() / 2), () => {
      // The next round begins when this one ended; a probe is bounded in time, and neither call rejects.
      void this.#round().then(() => this.#arm());
    });
  }

  #allHeld(): boolean {
    return this.#next().every(({ address }) => this.#held.get(address)?.stands === true);
  }

  async #round(): Promise<void> {
    const next = this.#next();
    for (const [address, held] of this.#held) {
      if (next.some((member) => member.address === address)) continue;
      held.close();
      this.#held.delete(address);
    }
    await Promise.all(
      next.filter(({ address }) => this.#held.get(address)?.stands !== true).map((one) => this.#ask(one)),
    );
  }

  async #ask({ memberId, address }: LiveMember): Promise<void> {
    const outcome = await this.takeover.report(memberId, 'peer probe');
    if (outcome !== 'alive' || this.hold === undefined || this.#held.has(address) || this.context.closed.aborted)
      return;
    const held = this.hold(address, () => {
      if (this.#held.get(address) !== held) return;
      this.#held.delete(address);
      void this.takeover.report(memberId, 'connection ended');
    });
    this.#held.set(address, held);
  }

  #next(): readonly LiveMember[] {
    const { members, self, timing } = this.context;
    const all = members.live();
    const after = all.filter(({ memberId }) => memberId > self.memberId);
    const before = all.filter(({ memberId }) => memberId < self.memberId);
    return [...after, ...before].slice(0, timing.peerProbeCount);
  }
}
