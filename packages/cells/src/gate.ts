/**
 * What a cell's own store says of a tenant: whether its commands are executed here. One value a tenant and cell, changed by
 * compare-and-set.
 *
 *   G1. Commands are executed where the gate is open; where there is none, nothing is.
 *   G2. `closed` alone stops nothing that was decided before; `fenced` says that every shard with slots of the tenant got a new epoch
 *       after the gate was closed: what was decided before has been written, or never will be.
 *   G3. While it is `arriving` only the move writes the tenant's slots here, each write compared with this value.
 */
export interface Gate {
  readonly state: 'open' | 'closed' | 'fenced' | 'arriving' | 'arrived';
  /** Of the assignment it was set for. */
  readonly generation: number;
}

/** What becomes of a command at a cell. `elsewhere`: the tenant is not here (any more); the sender asks the directory again. */
export type Admission = 'execute' | 'elsewhere';

/** Whether a tenant's commands are executed here. */
export function admit(gate: Gate | undefined): Admission {
  return gate?.state === 'open' ? 'execute' : 'elsewhere';
}
