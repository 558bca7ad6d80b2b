import { describe, expect, it } from 'vitest';
import { abandoned, assigned, begun, firstCell } from './assignment.js';
import { Routes } from './routes.js';
import { CellsWorld, type Flaw } from './testing/cells-world.js';

const SEEDS = 150;
const REQUESTS = 60;

/** What a run did wrong, or where the calls are that are not where they belong. */
function wrongs(seed: number, flaw: Flaw): { readonly wrong: readonly string[]; readonly moves: number } {
  const world = new CellsWorld(seed, flaw);
  world.run(REQUESTS);
  const { ledger, assignment, moves } = world;
  const wrong = [...ledger.violations];
  for (const [name, cell] of world.cells) {
    const slots = Object.fromEntries(cell.slotsOf('acme'));
    const expected = name === assignment.cell ? Object.fromEntries(ledger.slots) : {};
    if (JSON.stringify(sorted(slots)) !== JSON.stringify(sorted(expected)))
      wrong.push(`${name} has ${JSON.stringify(slots)} instead of ${JSON.stringify(expected)}`);
  }
  return { wrong, moves };
}

function sorted(slots: object): unknown {
  return Object.entries(slots).sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('a tenant that is moved between cells under traffic', () => {
  it('loses no call, doubles none, and answers every request once, whatever is late, lost, doubled or away (M1-M3)', () => {
    let moved = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { wrong, moves } = wrongs(seed, 'none');
      expect(wrong, `seed ${seed}`).toEqual([]);
      moved += moves;
    }
    expect(moved).toBeGreaterThan(SEEDS);
  });

  it.each<Flaw>(['no-fence', 'no-journal', 'no-copy-guard'])(
    'is seen to go wrong where something is left out: %s',
    (flaw) => {
      const seeds = Array.from({ length: 4 * SEEDS }, (_, seed) => seed + 1);
      expect(seeds.some((seed) => wrongs(seed, flaw).wrong.length > 0)).toBe(true);
    },
  );
});

describe('an assignment', () => {
  it('can be given up until it is done, and a new move waits until the last one is cleared away (A1, A2)', () => {
    const first = assigned('a');
    expect(begun(first, 'a')).toBeUndefined();
    const moving = begun(first, 'b');
    if (moving === undefined) throw new Error('not begun');
    expect(begun(moving, 'c')).toBeUndefined();
    const stays = abandoned(moving);
    expect(stays).toEqual({ cell: 'a', since: 1, generation: 3, from: 'b' });
    expect(stays && begun(stays, 'c')).toBeUndefined();
    expect(abandoned(first)).toBeUndefined();
  });

  it('spreads new tenants evenly, and gives a new cell its share of them from all others alike', () => {
    const tenants = Array.from({ length: 10_000 }, (_, i) => `tenant-${i}`);
    const before = tenants.map((tenant) => firstCell(tenant, ['a', 'b', 'c']));
    const after = tenants.map((tenant) => firstCell(tenant, ['a', 'b', 'c', 'd']));
    for (const cell of ['a', 'b', 'c']) {
      const left = before.filter((each, i) => each === cell && after[i] !== cell).length;
      expect(left).toBeGreaterThan(700);
      expect(left).toBeLessThan(970);
    }
    expect(after.every((cell, i) => cell === before[i] || cell === 'd')).toBe(true);
    expect(firstCell('acme', [])).toBeUndefined();
  });
});

describe('Routes', () => {
  it('keeps the younger of two routes, in whatever order they are heard of (R1)', () => {
    const routes = new Routes();
    expect(routes.of('acme')).toBeUndefined();
    expect(routes.learn('acme', { cell: 'b', since: 4, generation: 6 })).toBe(true);
    expect(routes.learn('acme', { cell: 'a', since: 1, generation: 9 })).toBe(false);
    expect(routes.of('acme')).toBe('b');
  });
});
