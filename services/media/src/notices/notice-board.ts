// Who waits where, as far as phones are to be told of it (R20).
//   N1. Of a slot the message with the highest version counts.
//   N2. A call is told of once when it is parked in a slot, and once when it is there no more; a call that takes another's place
//       (an attended park that is completed, the next call of a slot with several) is told of as the new one.
//   N3. A reservation is not told of: it is held by its parker's own call.
//   N4. At most maxSlots are kept; past that, slots that were not known before are not told.
import type { PresenceMessage } from '@parkade/presence';

/** A parked call. */
export interface Occupant {
  readonly parkId: string;
  readonly mediaNode: string;
  readonly callId: string;
  readonly callerName: string;
  readonly callerNumber: string;
  /** The extension of who parked it; empty: not known. */
  readonly parker: string;
}

/** Something phones are told. */
export interface Notice {
  readonly kind: 'parked' | 'cleared';
  readonly tenantId: string;
  readonly lotId: string;
  readonly slot: string;
  readonly occupant: Occupant;
  /** When it happened, in wall ms. */
  readonly atMs: number;
}

interface KnownSlot {
  readonly version: number;
  readonly notice: Notice | undefined;
}

export class NoticeBoard {
  readonly #slots = new Map<string, KnownSlot>();

  constructor(private readonly maxSlots: number) {}

  /** Answers what phones are to be told now. */
  apply(message: PresenceMessage): readonly Notice[] {
    const { tenant, lot, slot, version, since_ms: atMs } = message;
    const key = JSON.stringify([tenant, lot, slot]);
    const known = this.#slots.get(key);
    if (known !== undefined && version <= known.version) return [];
    if (known === undefined && this.#slots.size >= this.maxSlots) return [];
    const at = { tenantId: tenant, lotId: lot, slot, atMs };
    const now = occupantOf(message);
    const before = known?.notice;
    const was = before?.kind === 'parked' ? before.occupant : undefined;
    if (now !== undefined) {
      const parked: Notice = { ...at, kind: 'parked', occupant: now };
      this.#slots.set(key, { version, notice: parked });
      return was !== undefined && isSame(was, now) ? [] : [parked];
    }
    const left = was ?? (known === undefined ? leftBehind(message) : undefined);
    const cleared: Notice | undefined = left === undefined ? before : { ...at, kind: 'cleared', occupant: left };
    this.#slots.set(key, { version, notice: cleared });
    return left === undefined || cleared === undefined ? [] : [cleared];
  }

  /** What was told last of each slot, where that happened at `sinceMs` or later. */
  since(sinceMs: number): readonly Notice[] {
    return [...this.#slots.values()].flatMap(({ notice }) =>
      notice !== undefined && notice.atMs >= sinceMs ? [notice] : [],
    );
  }
}

function isSame(a: Occupant, b: Occupant): boolean {
  return a.parkId === b.parkId && a.callId === b.callId;
}

function occupantOf({ caller, parker, park_ids: parkIds }: PresenceMessage): Occupant | undefined {
  const occupant = readOccupant(caller, parker, parkIds[0] ?? '');
  return occupant === undefined || isReservation(occupant) ? undefined : occupant;
}

/** Who was there before this process listened. */
function leftBehind({ left }: PresenceMessage): Occupant | undefined {
  const occupant = readOccupant(left?.caller ?? null, left?.parker ?? null, '');
  return occupant === undefined || isReservation(occupant) ? undefined : occupant;
}

function readOccupant(
  caller: PresenceMessage['caller'],
  parker: PresenceMessage['parker'],
  parkId: string,
): Occupant | undefined {
  if (caller === null) return undefined;
  const { media_node: mediaNode, call_id: callId, caller_name: callerName, caller_number: callerNumber } = caller;
  const extension = parker?.extension ?? '';
  return {
    parkId,
    mediaNode,
    callId,
    callerName,
    callerNumber,
    parker: extension === '' ? (parker?.user_id ?? '') : extension,
  };
}

function isReservation({ callerNumber, parker }: Occupant): boolean {
  return parker !== '' && callerNumber === parker;
}
