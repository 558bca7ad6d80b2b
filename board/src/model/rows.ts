import type { BoardLot, BoardPark, BoardSlot } from '../wire.js';

/** One line of the board: a call in a slot, or a free slot. */
export interface Row {
  readonly key: string;
  readonly slot: BoardSlot;
  /** Undefined: the slot is free. */
  readonly park: BoardPark | undefined;
}

export const SORTS = ['slot', 'caller', 'parker', 'parked', 'recall'] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly search: string;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly showFree: boolean;
}

/** At most this many free slots are shown, and offered as the target of a move. */
export const MAX_FREE = 500;

const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function slotKey({ lotId, slot }: Pick<BoardSlot, 'lotId' | 'slot'>): string {
  return `${lotId} ${slot}`;
}

/** The rows of slots in use: one for each call. */
export function busyRows(slots: Iterable<BoardSlot>): Row[] {
  const rows: Row[] = [];
  for (const slot of slots) for (const park of slot.parks) rows.push({ key: park.parkId, slot, park });
  return rows;
}

/** The numbered slots that nobody is in, in order, at most `MAX_FREE`. */
export function freeSlots(lots: readonly BoardLot[], slots: ReadonlyMap<string, BoardSlot>): BoardSlot[] {
  const free: BoardSlot[] = [];
  for (const { lotId, ranges } of lots) {
    for (const { first, last } of ranges) {
      for (let n = Number(first); n <= Number(last) && free.length < MAX_FREE; n++) {
        const slot = String(n).padStart(first.length, '0');
        const known = slots.get(slotKey({ lotId, slot }));
        if (known === undefined || known.parks.length === 0) {
          free.push({ lotId, slot, revision: known?.revision ?? 0, lamp: known?.lamp ?? 'off', parks: [] });
        }
      }
    }
  }
  return free;
}

/** The rows as the person wants them: every word of the search is found in the row, sorted, free slots last in their order. */
export function shownRows(busy: readonly Row[], free: readonly BoardSlot[], view: View): readonly Row[] {
  const words = view.search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const matches = (row: Row): boolean => {
    if (words.length === 0) return true;
    const text = searchText(row);
    return words.every((word) => text.includes(word));
  };
  const direction = view.descending ? -1 : 1;
  const shown = busy.filter(matches).sort((a, b) => direction * compare(a, b, view.sort) || bySlot(a, b));
  if (!view.showFree) return shown;
  const rows = free.map((slot) => ({ key: slotKey(slot), slot, park: undefined }));
  return [...shown, ...rows.filter(matches)];
}

function searchText({ slot, park }: Row): string {
  const fields = [slot.slot, slot.lotId, park?.callerName, park?.callerNumber, park?.parker, park?.note];
  return fields.join('\n').toLowerCase();
}

function compare(a: Row, b: Row, sort: Sort): number {
  switch (sort) {
    case 'slot':
      return bySlot(a, b);
    case 'caller':
      return natural.compare(callerOf(a.park), callerOf(b.park));
    case 'parker':
      return natural.compare(a.park?.parker ?? '', b.park?.parker ?? '');
    case 'parked':
      return (a.park?.parkedAtMs ?? 0) - (b.park?.parkedAtMs ?? 0);
    case 'recall':
      return dueMs(a.park) - dueMs(b.park);
  }
}

function bySlot(a: Row, b: Row): number {
  return (
    natural.compare(a.slot.lotId, b.slot.lotId) ||
    natural.compare(a.slot.slot, b.slot.slot) ||
    (a.park?.parkedAtMs ?? 0) - (b.park?.parkedAtMs ?? 0)
  );
}

/** Who is rung about now comes first, who is never rung back last. */
function dueMs(park: BoardPark | undefined): number {
  if (park?.state === 'ringback') return 0;
  return park === undefined || park.recallAtMs === 0 ? Number.MAX_SAFE_INTEGER : park.recallAtMs;
}

/** The caller's name, else the number, else that neither is known. */
export function callerOf(park: Pick<BoardPark, 'callerName' | 'callerNumber'> | undefined): string {
  if (park === undefined) return '';
  if (park.callerName !== '') return park.callerName;
  return park.callerNumber !== '' ? park.callerNumber : 'Unknown caller';
}
