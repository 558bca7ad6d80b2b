/** A slot's record as the store took it in, in the order of revisions. */
export interface Transition {
  readonly slotKey: string;
  readonly revision: number;
  /** The command that caused it; empty: time did. */
  readonly requestId: string;
  /** The park it is about. */
  readonly parkId: string;
  /** Whether that park left its slot by it. */
  readonly ends: boolean;
}

/** An event as the log holds it, in the log's order; the same id may come more than once. */
export interface LoggedEvent {
  readonly id: string;
  readonly slotKey: string;
  readonly revision: number;
}

/** All that clients were told under one request id, in however many attempts. */
export interface Request {
  readonly requestId: string;
  /** `retrieve`: the park leaves by it. */
  readonly kind: 'park' | 'retrieve' | 'release' | 'move';
  /** The park it was told to be done to (a move: the new one); undefined: never told. */
  readonly parkId: string | undefined;
  /** Parks told by other attempts under the same id, where they differ. */
  readonly others: readonly string[];
  /** Every attempt was refused for certain: nothing may have been done. */
  readonly refused: boolean;
}

/** A run of the system, as seen from outside and from its store. */
export interface Run {
  readonly requests: readonly Request[];
  readonly transitions: readonly Transition[];
  /** The parks the store holds at the end. */
  readonly stored: ReadonlySet<string>;
  readonly events: readonly LoggedEvent[];
  /** Transitions up to this revision may lack their event: the bus lost what it had. Default none. */
  readonly excusedUpTo?: number | undefined;
}

/**
 * What must hold of any run, whatever failed. Each violation as a sentence; none: an empty list.
 *
 *   1. An acknowledged park is in the store at the end, or left by exactly one transition.
 *   2. No park leaves twice, and none is acknowledged to two requests that take it.
 *   3. A request has one effect at most, none where it was refused, and one where it was acknowledged.
 *   4. Each transition has exactly one event id; first seen, those of a slot come in its order.
 */
export function violations(run: Run): readonly string[] {
  return [...lostParks(run), ...takenTwice(run), ...effects(run), ...eventFaults(run)];
}

function* lostParks({ requests, transitions, stored }: Run): Generator<string> {
  const ended = count(transitions.filter(({ ends }) => ends).map(({ parkId }) => parkId));
  for (const { kind, parkId, requestId } of requests) {
    if (parkId === undefined || (kind !== 'park' && kind !== 'move')) continue;
    const ends = ended.get(parkId) ?? 0;
    if (ends === 0 && !stored.has(parkId)) yield `park ${parkId} of ${requestId} was acknowledged and is lost`;
    if (ends > 0 && stored.has(parkId)) yield `park ${parkId} of ${requestId} has left and is still there`;
  }
}

function* takenTwice({ requests, transitions }: Run): Generator<string> {
  const left = count(transitions.filter(({ ends }) => ends).map(({ parkId }) => parkId));
  for (const [parkId, times] of left) if (times > 1) yield `park ${parkId} left its slot ${times} times`;
  const takes = requests.filter(
    ({ kind, parkId }) => parkId !== undefined && (kind === 'retrieve' || kind === 'release'),
  );
  for (const [parkId, times] of count(takes.map((request) => request.parkId ?? ''))) {
    if (times > 1) yield `park ${parkId} was given away ${times} times`;
  }
}

function* effects({ requests, transitions }: Run): Generator<string> {
  const caused = count(transitions.map(({ requestId }) => requestId));
  for (const { requestId, kind, parkId, others, refused } of requests) {
    const times = caused.get(requestId) ?? 0;
    if (refused && kind !== 'move' && times > 0) yield `request ${requestId} was refused and had an effect`;
    if (parkId !== undefined && times === 0) yield `request ${requestId} was acknowledged and had no effect`;
    if (kind !== 'move' && times > 1) yield `request ${requestId} had ${times} effects`;
    for (const other of others) yield `request ${requestId} was told ${parkId ?? ''} and ${other}`;
  }
}

function* eventFaults({ transitions, events, excusedUpTo = 0 }: Run): Generator<string> {
  const known = new Map(transitions.map((transition) => [place(transition), transition]));
  const idOf = new Map<string, string>();
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const event of events) {
    const at = place(event);
    if (!known.has(at)) yield `event ${event.id} tells of a transition that never was`;
    const id = idOf.get(at) ?? event.id;
    idOf.set(at, id);
    if (id !== event.id) yield `transition ${at} has the events ${id} and ${event.id}`;
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const before = last.get(event.slotKey) ?? 0;
    if (event.revision < before) yield `event ${event.id} came after that of revision ${before}`;
    last.set(event.slotKey, Math.max(before, event.revision));
  }
  for (const [at, { revision }] of known)
    if (revision > excusedUpTo && !idOf.has(at)) yield `transition ${at} has no event`;
}

function place({ slotKey, revision }: { readonly slotKey: string; readonly revision: number }): string {
  return `${slotKey}@${revision}`;
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
