/** What a client asks of a slot. */
export type Request =
  | { readonly id: string; readonly kind: 'park'; readonly slot: string; readonly call: string }
  | { readonly id: string; readonly kind: 'retrieve'; readonly slot: string };

/** What a cell answers: `parked`, `occupied`, `empty`, or the call that was retrieved. */
export type Answer = string;

/** The slots as they would be were there one cell that never fails, and what has gone otherwise. */
export class Ledger {
  readonly slots = new Map<string, string>();
  readonly violations: string[] = [];
  readonly #executed = new Map<string, Answer>();
  readonly #told = new Map<string, Answer>();

  /** A cell has executed a request, for good. */
  executed(request: Request, answer: Answer): void {
    if (this.#executed.has(request.id)) this.violations.push(`${request.id} was executed twice`);
    const expected = apply(this.slots, request);
    if (answer !== expected) this.violations.push(`${request.id}: ${answer}, where ${expected} was true`);
    this.#executed.set(request.id, answer);
  }

  /** A client heard an answer. */
  told(id: string, answer: Answer): void {
    if (this.#executed.get(id) !== answer) this.violations.push(`${id} was told ${answer}, which did not happen`);
    this.#told.set(id, answer);
  }

  isAnswered(id: string): boolean {
    return this.#told.has(id);
  }

  allAnswered(count: number): boolean {
    return count > 0 && this.#told.size === count;
  }
}

/** Executes a request on slots; tells the answer. */
export function apply(slots: Map<string, string>, request: Request): Answer {
  const call = slots.get(request.slot);
  if (request.kind === 'park') {
    if (call !== undefined) return 'occupied';
    slots.set(request.slot, request.call);
    return 'parked';
  }
  slots.delete(request.slot);
  return call ?? 'empty';
}
