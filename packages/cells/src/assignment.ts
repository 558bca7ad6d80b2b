import { stableHash } from '@parkade/ids';

/**
 * Which cell a tenant is in: one value a tenant in the directory, changed by compare-and-set alone.
 *
 *   A1. The generation rises with every move that is begun, given up or done, so that nothing made for one is taken for another's.
 *   A2. The tenant is in `cell`, from the change that says so to the next: `to` and `from` say what is to be done, not where it is.
 *   A3. `since` is the same for as long as the tenant stays, and higher wherever it goes.
 */
export interface Assignment {
  readonly cell: string;
  /** The generation in which it came there. */
  readonly since: number;
  readonly generation: number;
  /** It is to be moved there. */
  readonly to?: string;
  /** There a copy of it is to be cleared away: where it came from, or where it went to when that was given up. */
  readonly from?: string;
}

/** A tenant that is new, in its first cell. */
export function assigned(cell: string): Assignment {
  return { cell, since: 1, generation: 1 };
}

/**
 * The first cell of a tenant, by rendezvous: a cell that is added takes new tenants from all others alike. Undefined: there is none.
 */
export function firstCell(tenantId: string, cells: readonly string[]): string | undefined {
  const weight = (cell: string): number => stableHash(`${cell}\0${tenantId}`);
  let best: string | undefined;
  for (const cell of cells) if (best === undefined || weight(cell) > weight(best)) best = cell;
  return best;
}

/** It is to be moved; undefined: it is there already, or an earlier move has left something to be done. */
export function begun({ cell, since, generation, to, from }: Assignment, target: string): Assignment | undefined {
  if (to !== undefined || from !== undefined || target === cell) return undefined;
  return { cell, since, generation: generation + 1, to: target };
}

/** The move is given up: it stays where it is. Undefined: there is none, or it has happened. */
export function abandoned({ cell, since, generation, to }: Assignment): Assignment | undefined {
  return to === undefined ? undefined : { cell, since, generation: generation + 1, from: to };
}

/** Everything is copied: it is where it was to go. Throws where no move is under way. */
export function switched({ cell, generation, to }: Assignment): Assignment {
  if (to === undefined) throw new Error('no move is under way');
  return { cell: to, since: generation + 1, generation: generation + 1, from: cell };
}

/** What was copied is cleared away. */
export function settled({ cell, since, generation }: Assignment): Assignment {
  return { cell, since, generation };
}
