import { type Assignment, settled, switched } from './assignment.js';
import type { Gate } from './gate.js';

/** What a mover sees of a tenant: the directory first, then the gates of the cells it names. */
export interface Observed {
  readonly assignment: Assignment;
  /** Of the cell the tenant is in; undefined: none. */
  readonly here: Gate | undefined;
  /** Of the cell it goes to, or came from. */
  readonly there: Gate | undefined;
}

/** One step; each is a compare-and-set on what was observed, or may be done twice. */
export type MoveStep =
  /** Set a gate, where it is still as observed; undefined: take it away. */
  | { readonly kind: 'gate'; readonly cell: string; readonly gate: Gate | undefined }
  /** Raise the epochs of the shards with slots of the tenant; then the gate is fenced, where it is still as observed. */
  | { readonly kind: 'fence'; readonly cell: string; readonly gate: Gate }
  /**
   * Write the target's gate anew as it is, where it is still as observed; then replace what the target has of the tenant by its
   * settings, slots and journalled answers in `from`, each write compared with the gate as just written; then the gate is `gate`. So of
   * two who copy at once one alone comes to an end, and what is there then is whole.
   */
  | { readonly kind: 'copy'; readonly from: string; readonly cell: string; readonly gate: Gate }
  /** Change the directory, where it is still as observed. */
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  /** Delete what a cell has of the tenant, its gate with it, where that is still as observed. */
  | { readonly kind: 'clear'; readonly cell: string };

/**
 * What is to be done next for a tenant; undefined: nothing. It is found from what is observed alone, so that any mover goes on where
 * another one stopped, and two at once do no harm.
 *
 *   M1. A gate is opened only in the cell the directory names, under `since`; closed before anything is copied, and
 *       fenced before that. So at most one cell executes a tenant's commands.
 *   M2. The directory names the target only when a whole copy, made after the fence, is there.
 *   M3. Until then a move can be given up: the gate opens again where it was. From then on it only goes forward.
 */
export function nextStep({ assignment, here, there }: Observed): MoveStep | undefined {
  const { cell, since, to, from } = assignment;
  if (to !== undefined) return towards(assignment, to, here, there);
  if (here?.state !== 'open' || here.generation !== since) {
    return { kind: 'gate', cell, gate: { state: 'open', generation: since } };
  }
  if (from === undefined) return undefined;
  return there === undefined ? { kind: 'assign', assignment: settled(assignment) } : { kind: 'clear', cell: from };
}

function towards(
  assignment: Assignment,
  to: string,
  here: Gate | undefined,
  there: Gate | undefined,
): MoveStep | undefined {
  const { cell, generation } = assignment;
  const isOurs = (gate: Gate | undefined): gate is Gate => gate?.generation === generation;
  if (!isOurs(there)) return { kind: 'gate', cell: to, gate: { state: 'arriving', generation } };
  // An open gate has the generation the tenant came in.
  if (!isOurs(here) || here.state === 'open') return { kind: 'gate', cell, gate: { state: 'closed', generation } };
  if (here.state === 'closed') return { kind: 'fence', cell, gate: { state: 'fenced', generation } };
  if (there.state === 'arriving') return { kind: 'copy', from: cell, cell: to, gate: { state: 'arrived', generation } };
  return { kind: 'assign', assignment: switched(assignment) };
}
