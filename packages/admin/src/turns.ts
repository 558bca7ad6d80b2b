import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';

/** Work that is done one after the other for each name; at most `max` wait for a name's turn. */
export class Turns {
  readonly #lines = new Map<string, { count: number; last: Promise<unknown> }>();

  constructor(private readonly max: number) {}

  /** Rejects as `work` does. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T | Refused> {
    const line = this.#lines.get(name) ?? { count: 0, last: Promise.resolve() };
    if (line.count >= this.max) {
      return new Refused(Reason.OVERLOADED, 'Too many changes of this tenant wait here; retry after a pause.');
    }
    this.#lines.set(name, line);
    line.count++;
    const turn = line.last.then(work);
    line.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      line.count--;
      if (line.count === 0) this.#lines.delete(name);
    }
  }
}
