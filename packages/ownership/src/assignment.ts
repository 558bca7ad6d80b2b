import type { OwnerContext } from './owner-context.js';
import type { PartitionId } from './partition-space.js';
import { place } from './placement.js';

/** The placement at the members and partitions of now, computed anew only when either changed. */
export class Assignment<P extends PartitionId> {
  #partitions: readonly P[] = [];
  #placed: ReadonlyMap<P, string> | undefined;
  #signature = '';
  #changedAtMs: number;

  constructor(private readonly context: OwnerContext<P>) {
    this.#changedAtMs = context.clock.monotonicMs();
    this.refresh();
  }

  /** The partitions there are. */
  get partitions(): readonly P[] {
    return this.#partitions;
  }

  /** When the members last changed, monotonic ms. */
  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  includes(partition: P): boolean {
    return this.#placement().has(partition) || this.#partitions.includes(partition);
  }

  /** Reads the set of partitions again. */
  refresh(): void {
    this.#partitions = [...this.context.space.all()];
    this.#placed = undefined;
  }

  /** Some node key changed. */
  membersChanged(): void {
    const members = this.context.members.live();
    const signature = JSON.stringify(members.map(({ memberId, version, draining }) => [memberId, version, draining]));
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#changedAtMs = this.context.clock.monotonicMs();
    this.#placed = undefined;
  }

  /** Where the partition is to be; undefined when there are no members. */
  of(partition: P): string | undefined {
    return this.#placement().get(partition);
  }

  #placement(): ReadonlyMap<P, string> {
    this.#placed ??= place(this.#partitions, this.context.members.live());
    return this.#placed;
  }
}
