import { admit, type Gate } from '../gate.js';
import type { CellsWorld } from './cells-world.js';
import { type Answer, apply, type Request } from './ledger.js';

/** A cell that is away does nothing. */
export class CellDown extends Error {}

interface Held {
  slots: Map<string, string>;
  journal: Map<string, Answer>;
  /** Of the tenant's shards. */
  epoch: number;
}

/** The owner's own view, as of the last time it read the store. */
interface View {
  gate: Gate | undefined;
  epoch: number;
}

/**
 * A cell: its store, and the owner of the tenant's shards, which decides by what it has read and writes later, by compare of its epoch.
 * It hears of gates late.
 */
export class SimCell {
  isAway = false;
  readonly gates = new Map<string, { readonly value: Gate; readonly revision: number }>();
  readonly #held = new Map<string, Held>();
  readonly #views = new Map<string, View>();
  readonly #writing = new Set<string>();
  #revision = 1;

  constructor(
    private readonly world: CellsWorld,
    readonly name: string,
  ) {}

  /** A command comes; it is answered once, later, or never where the cell is away. */
  take(tenantId: string, request: Request, reply: (answer: Answer) => void): void {
    if (this.isAway) return;
    const again = (): void => this.take(tenantId, request, reply);
    if (this.#writing.has(tenantId)) {
      this.world.after(1 + this.world.chance(), again);
      return;
    }
    const view = this.#view(tenantId);
    if (admit(view.gate) === 'elsewhere') {
      this.#hear(tenantId);
      reply('elsewhere');
      return;
    }
    this.#writing.add(tenantId);
    const { epoch } = view;
    this.world.after(this.world.chance() * 8, () => this.#commit(tenantId, request, epoch, reply, again));
  }

  #commit(tenantId: string, request: Request, epoch: number, reply: (answer: Answer) => void, again: () => void): void {
    if (this.isAway) {
      this.world.after(5, () => this.#commit(tenantId, request, epoch, reply, again));
      return;
    }
    this.#writing.delete(tenantId);
    const held = this.#of(tenantId);
    if (held.epoch !== epoch) {
      this.#hear(tenantId);
      again();
      return;
    }
    const known = held.journal.get(request.id);
    const answer = known ?? apply(held.slots, request);
    if (known === undefined) {
      held.journal.set(request.id, answer);
      this.world.ledger.executed(request, answer);
    }
    reply(answer);
  }

  /** Sets a gate where it is still as at `revision` (undefined: there was none). Whether it did. */
  setGate(tenantId: string, gate: Gate | undefined, revision: number | undefined): boolean {
    return this.write({ tenantId, revision }, () => {
      if (gate === undefined) this.gates.delete(tenantId);
      else this.gates.set(tenantId, { value: gate, revision: ++this.#revision });
      // The owner hears of it at some time.
      if (this.world.chance() < 0.5) this.world.after(this.world.chance() * 20, () => this.#hear(tenantId));
    });
  }

  /** Writes where the tenant's gate is still as at the revision that is given. Whether it did. */
  write(
    guard: { readonly tenantId: string; readonly revision: number | undefined } | undefined,
    put: () => void,
  ): boolean {
    if (this.isAway) throw new CellDown();
    if (guard !== undefined && this.gates.get(guard.tenantId)?.revision !== guard.revision) return false;
    put();
    return true;
  }

  /** Raises the epoch: the owner has to read everything again. */
  fence(tenantId: string): void {
    if (this.isAway) throw new CellDown();
    this.#of(tenantId).epoch++;
  }

  read(tenantId: string): Pick<Held, 'slots' | 'journal'> {
    if (this.isAway) throw new CellDown();
    const { slots, journal } = this.#of(tenantId);
    return { slots: new Map(slots), journal: new Map(journal) };
  }

  put(tenantId: string, slot: string, call: string): void {
    this.#of(tenantId).slots.set(slot, call);
  }

  replace(tenantId: string, journal: Map<string, Answer>): void {
    const held = this.#of(tenantId);
    held.slots = new Map();
    held.journal = new Map(journal);
  }

  clear(tenantId: string, revision: number | undefined): void {
    this.write({ tenantId, revision }, () => {
      this.replace(tenantId, new Map());
      this.gates.delete(tenantId);
    });
  }

  slotsOf(tenantId: string): ReadonlyMap<string, string> {
    return this.#of(tenantId).slots;
  }

  #of(tenantId: string): Held {
    let held = this.#held.get(tenantId);
    if (held === undefined) this.#held.set(tenantId, (held = { slots: new Map(), journal: new Map(), epoch: 1 }));
    return held;
  }

  #view(tenantId: string): View {
    return this.#views.get(tenantId) ?? this.#hear(tenantId);
  }

  #hear(tenantId: string): View {
    const view = { gate: this.gates.get(tenantId)?.value, epoch: this.#of(tenantId).epoch };
    this.#views.set(tenantId, view);
    return view;
  }
}
