import { SeededRandom } from '@parkade/clock';
import { abandoned, type Assignment, assigned, begun } from '../assignment.js';
import { type Gate } from '../gate.js';
import { nextStep, type MoveStep } from '../mover.js';
import { Routes } from '../routes.js';
import { CellDown, SimCell } from './sim-cell.js';
import { Ledger, type Request } from './ledger.js';

/** What a build may lack, to see that the checks would find it. */
export type Flaw = 'none' | 'no-fence' | 'no-journal' | 'no-copy-guard';

const TENANT = 'acme';
const CELLS = ['a', 'b', 'c'];
const SLOTS = ['701', '702', '703'];
const MAX_STEPS = 200_000;

/**
 * Cells, a directory, gateways, movers and clients in one thread and in made-up time: every message takes as long as chance has it,
 * gets lost or comes twice, movers stand still between looking and acting, cells are away for a while. The same seed gives the same run.
 */
export class CellsWorld {
  readonly ledger = new Ledger();
  readonly cells = new Map<string, SimCell>();
  readonly #random: SeededRandom;
  readonly #queue: { readonly at: number; readonly run: () => void }[] = [];
  readonly #gateways = [new Routes(), new Routes()];
  #directory = { value: assigned('a'), revision: 1 };
  #now = 0;
  #requests = 0;
  /** Moves that were done. */
  moves = 0;

  constructor(
    seed: number,
    readonly flaw: Flaw,
  ) {
    this.#random = new SeededRandom(seed);
    for (const name of CELLS) this.cells.set(name, new SimCell(this, name));
    this.cell('a').gates.set(TENANT, { value: { state: 'open', generation: 1 }, revision: 1 });
  }

  get assignment(): Assignment {
    return this.#directory.value;
  }

  cell(name: string): SimCell {
    const cell = this.cells.get(name);
    if (cell === undefined) throw new Error(`no cell ${name}`);
    return cell;
  }

  /** Runs clients and moves until all requests are answered and nothing is left to be moved. */
  run(requests: number): void {
    for (let i = 0; i < requests; i++) this.after(this.chance() * requests * 4, () => this.#ask(this.#newRequest()));
    for (let i = 0; i < 12; i++) {
      this.after(this.chance() * requests * 4, () => this.#assign((now) => begun(now, this.pick(CELLS))));
      if (this.chance() < 0.3) this.after(this.chance() * requests * 4, () => this.#assign(abandoned));
      this.after(this.chance() * requests * 4, () => this.#away(this.cell(this.pick(CELLS))));
    }
    for (let mover = 0; mover < 2; mover++) this.#move();
    for (let step = 0; step < MAX_STEPS && !this.#isQuiet(); step++) this.#turn();
    if (!this.#isQuiet()) throw new Error('it comes to no end');
  }

  after(delay: number, run: () => void): void {
    const at = this.#now + delay;
    // The last is the next; of two at once the first that was asked for.
    let low = 0;
    for (let high = this.#queue.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((this.#queue[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { at, run });
  }

  chance(): number {
    return this.#random.next();
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.chance() * from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  #turn(): void {
    const next = this.#queue.pop();
    if (next === undefined) return;
    this.#now = next.at;
    next.run();
  }

  #isQuiet(): boolean {
    const { to, from } = this.assignment;
    return this.ledger.allAnswered(this.#requests) && to === undefined && from === undefined;
  }

  #away(cell: SimCell): void {
    cell.isAway = true;
    this.after(this.chance() * 30, () => (cell.isAway = false));
  }

  // --- clients and gateways ------------------------------------------------------------------------------------------

  #newRequest(): Request {
    const id = `request-${this.#requests++}`;
    const slot = this.pick(SLOTS);
    return this.chance() < 0.5 ? { id, kind: 'park', slot, call: `call-${id}` } : { id, kind: 'retrieve', slot };
  }

  /** Asks through any gateway, again and again under the same id until there is an answer. */
  #ask(request: Request): void {
    if (this.ledger.isAnswered(request.id)) return;
    this.after(20 + this.chance() * 20, () => this.#ask(request));
    const routes = this.pick(this.#gateways);
    if (routes.of(TENANT) === undefined || this.chance() < 0.1) routes.learn(TENANT, this.assignment);
    const cell = routes.of(TENANT);
    if (cell === undefined) return;
    const arrive = (): void =>
      this.cell(cell).take(TENANT, request, (answer) => {
        if (this.chance() < 0.1) return;
        this.after(this.chance() * 5, () => {
          if (answer !== 'elsewhere') this.ledger.told(request.id, answer);
          else if (this.chance() < 0.7) routes.learn(TENANT, this.assignment);
        });
      });
    for (let copies = this.chance() < 0.1 ? 2 : 1; copies > 0; copies--) {
      if (this.chance() > 0.1) this.after(this.chance() * 10, arrive);
    }
  }

  // --- moves ---------------------------------------------------------------------------------------------------------

  #assign(change: (now: Assignment) => Assignment | undefined): void {
    const value = change(this.assignment);
    if (value === undefined) return;
    if (value.since > this.assignment.since) this.moves++;
    this.#directory = { value, revision: this.#directory.revision + 1 };
  }

  /** One mover: looks, stands still for a while, acts on what it saw, and looks again. */
  #move(): void {
    const pause = (): number => this.chance() * (this.chance() < 0.1 ? 40 : 3);
    this.after(pause(), () => {
      const directory = this.#directory;
      const { cell, to, from } = directory.value;
      const other = to ?? from;
      const here = this.cell(cell).gates.get(TENANT);
      const there = other === undefined ? undefined : this.cell(other).gates.get(TENANT);
      const step = nextStep({ assignment: directory.value, here: here?.value, there: there?.value });
      if (step === undefined) {
        this.#move();
        return;
      }
      const at = 'cell' in step && step.cell === cell ? here?.revision : there?.revision;
      this.after(pause(), () => this.#act(step, at, directory.revision, () => this.#move()));
    });
  }

  #act(step: MoveStep, gateRevision: number | undefined, directoryRevision: number, done: () => void): void {
    try {
      switch (step.kind) {
        case 'assign':
          if (this.#directory.revision === directoryRevision) this.#assign(() => step.assignment);
          break;
        case 'gate':
          this.cell(step.cell).setGate(TENANT, step.gate, gateRevision);
          break;
        case 'fence':
          if (this.flaw !== 'no-fence') this.cell(step.cell).fence(TENANT);
          this.cell(step.cell).setGate(TENANT, step.gate, gateRevision);
          break;
        case 'copy':
          this.#copy(step.from, step.cell, step.gate, gateRevision, done);
          return;
        case 'clear':
          this.cell(step.cell).clear(TENANT, gateRevision);
      }
    } catch (error) {
      if (!(error instanceof CellDown)) throw error;
    }
    done();
  }

  /** Reads all, then writes slot by slot, with time between. */
  #copy(from: string, to: string, gate: Gate, gateRevision: number | undefined, done: () => void): void {
    const target = this.cell(to);
    const before = target.gates.get(TENANT)?.value;
    if (before === undefined || !target.setGate(TENANT, before, gateRevision)) return done();
    const revision = target.gates.get(TENANT)?.revision;
    const guard = this.flaw === 'no-copy-guard' ? undefined : { tenantId: TENANT, revision };
    const { slots, journal } = this.cell(from).read(TENANT);
    const kept = this.flaw === 'no-journal' ? new Map<string, string>() : journal;
    const writes = [
      () => target.write(guard, () => target.replace(TENANT, kept)),
      ...[...slots].map(
        ([slot, call]) =>
          () =>
            target.write(guard, () => target.put(TENANT, slot, call)),
      ),
      () => target.setGate(TENANT, gate, revision),
    ];
    const next = (): void => {
      try {
        if (writes.shift()?.() === true && writes.length > 0) {
          this.after(this.chance() * 5, next);
          return;
        }
      } catch (error) {
        if (!(error instanceof CellDown)) throw error;
      }
      done();
    };
    next();
  }
}
