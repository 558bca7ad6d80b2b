/** A revision with things of it that are not published yet. */
export interface Mark {
  readonly revision: number;
  left: number;
}

/** The revisions of a shard that are not wholly published, lowest first. Answers of commits may come out of order. */
export class Watermark {
  #marks: Mark[] = [];
  #head = 0;

  /** One thing more of this revision; give the mark to `done` when it is published. */
  add(revision: number): Mark {
    let at = this.#marks.length;
    while (at > this.#head && (this.#marks[at - 1]?.revision ?? 0) > revision) at--;
    const before = at > this.#head ? this.#marks[at - 1] : undefined;
    if (before?.revision === revision) {
      before.left++;
      return before;
    }
    const mark = { revision, left: 1 };
    this.#marks.splice(at, 0, mark);
    return mark;
  }

  done(mark: Mark): void {
    mark.left--;
    while (this.#head < this.#marks.length && this.#marks[this.#head]?.left === 0) this.#head++;
    if (this.#head > 1_024 && this.#head * 2 > this.#marks.length) {
      this.#marks = this.#marks.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The lowest revision that is not wholly published; undefined: none. */
  get lowest(): number | undefined {
    return this.#marks[this.#head]?.revision;
  }
}
