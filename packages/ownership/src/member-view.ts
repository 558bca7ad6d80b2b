import { Member } from '@parkade/proto';
import type { KeyValue } from '@parkade/store';
import type { OwnerHint } from './partition-handler.js';
import type { MirrorChange, RangeMirror } from './range-mirror.js';

/** A registered member. */
export interface LiveMember {
  readonly memberId: string;
  readonly address: string;
  readonly incarnation: string;
  readonly version: string;
  readonly draining: boolean;
  /** Its node key and that key's modification revision. */
  readonly key: string;
  readonly revision: number;
}

/** Runs that were seen to go are remembered, the oldest forgotten past this many. */
const MAX_DEPARTED = 1_000;

/**
 * The members of a role, as their node keys say.
 *
 *   V1. A run is `gone` only where its node key certainly does not exist any more: seen deleted or replaced, or absent
 *       although every change up to its owner key's revision is known. A member registers before it owns.
 */
export class MemberView {
  readonly #live = new Map<string, LiveMember>();
  readonly #departed = new Set<string>();
  #sorted: readonly LiveMember[] | undefined;

  constructor(
    private readonly mirror: RangeMirror,
    private readonly changed: () => void,
  ) {
    mirror.onChange((changes) => this.#apply(changes));
  }

  /** All members, in the order of their ids. */
  live(): readonly LiveMember[] {
    this.#sorted ??= [...this.#live.values()].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
    return this.#sorted;
  }

  find(memberIdOrAddress: string): LiveMember | undefined {
    return this.live().find(({ memberId, address }) => memberId === memberIdOrAddress || address === memberIdOrAddress);
  }

  ofRun(incarnation: string): LiveMember | undefined {
    return this.live().find((member) => member.incarnation === incarnation);
  }

  /** Whether the run that wrote this owner key is not registered any more. */
  isGone(owner: OwnerHint): boolean {
    if (this.ofRun(owner.incarnation) !== undefined) return false;
    return this.#departed.has(owner.incarnation) || this.mirror.revision >= owner.epoch;
  }

  #apply(changes: readonly MirrorChange[]): void {
    for (const { key, before, after } of changes) {
      const [was, is] = [before && decode(before), after && decode(after)];
      if (is === undefined) this.#live.delete(key);
      else this.#live.set(key, is);
      if (was !== undefined && was.incarnation !== is?.incarnation) this.#depart(was.incarnation);
      if (is !== undefined) this.#departed.delete(is.incarnation);
    }
    this.#sorted = undefined;
    this.changed();
  }

  #depart(incarnation: string): void {
    this.#departed.add(incarnation);
    if (this.#departed.size <= MAX_DEPARTED) return;
    for (const oldest of this.#departed) {
      this.#departed.delete(oldest);
      return;
    }
  }
}

function decode(kv: KeyValue): LiveMember | undefined {
  try {
    const { memberId, address, incarnation, version, draining } = Member.decode(kv.value);
    return { memberId, address, incarnation, version, draining, key: kv.key, revision: kv.modRevision };
  } catch {
    return undefined;
  }
}
