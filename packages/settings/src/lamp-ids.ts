import { EXTENSION_LOT } from '@parkade/ids';
import type { LotSettings } from './lot-settings.js';

/**
 * What the lamps of a lot are called: `base` and digits. `first` to `last` have the same length; of the lot of extensions,
 * `start` and any digits after it.
 */
type Ids =
  | { readonly kind: 'range'; readonly base: string; readonly first: string; readonly last: string }
  | { readonly kind: 'any'; readonly base: string; readonly start: string };

/**
 * The lot of `others` one of whose lamps would be one of `lot`'s, by prefix and slot number; undefined: there is none. Two slots
 * with one lamp overwrite each other, so that it shows free while somebody waits. Hidden lots have no lamps. Slots
 * beside the ranges, which `any_slot` takes by name, are not looked at: nobody knows them before they are used.
 */
export function lampClash(lot: LotSettings, others: Iterable<LotSettings>): LotSettings | undefined {
  const own = idsOf(lot);
  for (const other of others) {
    if (other.lot_id === lot.lot_id) continue;
    const theirs = idsOf(other);
    if (own.some((a) => theirs.some((b) => meet(a, b)))) return other;
  }
  return undefined;
}

/** What to tell who wrote such a lot. */
export function lampClashMessage(other: LotSettings): string {
  const { lot_id, presence_prefix } = other;
  return (
    `its lamps would be those of the lot ${lot_id}, whose slots begin with ${presence_prefix || 'nothing'}, too: ` +
    'give one of the two lots another presence_prefix, or other ranges'
  );
}

function idsOf({ lot_id, hidden, presence_prefix, ranges }: LotSettings): readonly Ids[] {
  if (hidden) return [];
  const digits = /[0-9]*$/.exec(presence_prefix)?.[0] ?? '';
  const base = presence_prefix.slice(0, presence_prefix.length - digits.length);
  if (lot_id === EXTENSION_LOT) return [{ kind: 'any', base, start: digits }];
  return ranges.map(({ first, last }) => ({ kind: 'range', base, first: digits + first, last: digits + last }));
}

function meet(a: Ids, b: Ids): boolean {
  if (a.base !== b.base) return false;
  if (a.kind === 'range' && b.kind === 'range') {
    return a.first.length === b.first.length && a.first <= b.last && b.first <= a.last;
  }
  const [any, range] = a.kind === 'any' ? [a, b] : [b, a];
  if (any.kind !== 'any' || range.kind !== 'range') return false;
  const { length } = range.first;
  if (length <= any.start.length) return false;
  return any.start.padEnd(length, '0') <= range.last && range.first <= any.start.padEnd(length, '9');
}
