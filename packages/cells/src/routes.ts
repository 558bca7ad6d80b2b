import type { Assignment } from './assignment.js';

/**
 * What a gateway knows of where tenants are, kept by a watch of the directory.
 *
 *   R1. A cell is never replaced by one the tenant was in before, in whatever order the news comes.
 *   R2. While the directory is away, what is known stays good: whether it still holds, the cell's gate decides.
 */
export class Routes {
  readonly #known = new Map<string, { readonly cell: string; readonly since: number }>();

  /** The cell of a tenant; undefined: the directory has to be asked. */
  of(tenantId: string): string | undefined {
    return this.#known.get(tenantId)?.cell;
  }

  /** What the directory says of a tenant. Whether anything is new. */
  learn(tenantId: string, { cell, since }: Assignment): boolean {
    const known = this.#known.get(tenantId);
    if (known !== undefined && known.since >= since) return false;
    this.#known.set(tenantId, { cell, since });
    return true;
  }
}
