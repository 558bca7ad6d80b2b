/**
 * What this process knows of the store's revision while transactions are under way.
 *
 *   V1. A transaction begun now gets a higher revision than `known` was when it began; so every commit of this process at or
 *       below `floor()` has been answered.
 */
export class RevisionFloor {
  #known = 0;
  readonly #underWay = new Set<{ readonly above: number }>();

  /** The highest revision the store has told this process. */
  get known(): number {
    return this.#known;
  }

  see(revision: number): void {
    this.#known = Math.max(this.#known, revision);
  }

  /** A transaction begins; call the result once when its answer, or the lack of one, has been dealt with. */
  begin(): () => void {
    const token = { above: this.#known };
    this.#underWay.add(token);
    return () => void this.#underWay.delete(token);
  }

  /** Everything of this process at or below this revision has been answered. */
  floor(): number {
    let floor = this.#known;
    for (const { above } of this.#underWay) floor = Math.min(floor, above);
    return floor;
  }
}
