import type { Operation } from './history.js';
import { applyTo, type SlotState } from './slot-model.js';

export type Linearized =
  /** Some order of the operations, each at one moment between question and answer, explains every answer. */
  | { readonly kind: 'yes'; readonly configurations: number }
  /** None does. `stuck`: what could not be explained after the longest order that was found. */
  | { readonly kind: 'no'; readonly explained: readonly Operation[]; readonly stuck: readonly Operation[] }
  /** The search was given up after `maxConfigurations`. */
  | { readonly kind: 'undecided' };

interface Entry {
  readonly index: number;
  readonly operation: Operation;
  /** Of a question: its answer; undefined: this is an answer. */
  answer: Entry | undefined;
  before: Entry | undefined;
  after: Entry | undefined;
}

/**
 * Whether the history of one slot, empty at first, is linearizable: the search of Wing and Gong, which tries every operation
 * that may come next, with Lowe's memory of the configurations (which operations, which state) that were tried in vain.
 * Operations of unknown outcome may be left out.
 */
export function linearize(history: readonly Operation[], maxConfigurations = 1_000_000): Linearized {
  const head = listOf(history);
  const tried = new Set<string>();
  const path: { readonly entry: Entry; readonly before: SlotState }[] = [];
  let done = 0n;
  let state: SlotState;
  let longest: readonly Operation[] = [];
  let entry = head.after;
  while (entry !== undefined) {
    if (entry.answer !== undefined) {
      const applied = applyTo(state, entry.operation);
      const next = done | (1n << BigInt(entry.index));
      if (applied !== 'no' && isNew(tried, next, applied.state)) {
        if (tried.size > maxConfigurations) return { kind: 'undecided' };
        path.push({ entry, before: state });
        [done, state] = [next, applied.state];
        lift(entry);
        entry = head.after;
      } else entry = entry.after;
      continue;
    }
    // An answer: its operation must come before it. Those of unknown outcome stand last, and need not.
    if (entry.operation.outcome.kind === 'unknown') break;
    if (path.length > longest.length) longest = path.map(({ entry: each }) => each.operation);
    const last = path.pop();
    if (last === undefined) {
      const explained = new Set(longest);
      const stuck = history.filter((each) => !explained.has(each)).sort((a, b) => a.answeredAt - b.answeredAt);
      return { kind: 'no', explained: longest, stuck: stuck.slice(0, 5) };
    }
    state = last.before;
    done &= ~(1n << BigInt(last.entry.index));
    unlift(last.entry);
    entry = last.entry.after;
  }
  return { kind: 'yes', configurations: tried.size };
}

function isNew(tried: Set<string>, done: bigint, state: SlotState): boolean {
  const key = `${done.toString(36)} ${state ?? ''}`;
  if (tried.has(key)) return false;
  tried.add(key);
  return true;
}

/** Questions and answers in the order of time; a question before an answer of the same time. The first is a mere head. */
function listOf(history: readonly Operation[]): Entry {
  const ends = history.flatMap((operation, index) => {
    const answer: Entry = { index, operation, answer: undefined, before: undefined, after: undefined };
    const question: Entry = { ...answer, answer };
    const answeredAt = operation.outcome.kind === 'unknown' ? Infinity : operation.answeredAt;
    return [
      { at: operation.askedAt, order: 0, entry: question },
      { at: answeredAt, order: 1, entry: answer },
    ];
  });
  ends.sort((a, b) => (a.at === b.at ? a.order - b.order : a.at - b.at));
  const [first] = history;
  const head = { index: -1, operation: first, answer: undefined, before: undefined, after: undefined } as Entry;
  let last = head;
  for (const { entry } of ends) {
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

function lift(entry: Entry): void {
  unlink(entry);
  if (entry.answer !== undefined) unlink(entry.answer);
}

/** Puts back what was lifted last. */
function unlift(entry: Entry): void {
  if (entry.answer !== undefined) link(entry.answer);
  link(entry);
}

function unlink({ before, after }: Entry): void {
  if (before !== undefined) before.after = after;
  if (after !== undefined) after.before = before;
}

function link(entry: Entry): void {
  const { before, after } = entry;
  if (before !== undefined) before.after = entry;
  if (after !== undefined) after.before = entry;
}
