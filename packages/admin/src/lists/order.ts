import type { Checked } from '@parkade/settings';
import type { Fields, FieldValue } from './filter.js';

/** A list is ordered by at most this many fields. */
export const MAX_ORDER_FIELDS = 4;

/** One field of an order. */
export interface OrderTerm {
  readonly field: string;
  readonly descending: boolean;
}

/** Reads `orderby`: `field [asc|desc] {, field [asc|desc]}`. Empty: no field. */
export function parseOrder(text: string, fields: Fields<never>): Checked<readonly OrderTerm[]> {
  const terms: OrderTerm[] = [];
  const issue = (message: string): Checked<never> => ({ ok: false, issues: [{ path: 'orderby', message }] });
  if (text.trim() === '') return { ok: true, value: terms };
  if (text.length > 500) return issue('is longer than 500 characters');
  for (const part of text.split(',')) {
    const [field = '', direction = 'asc', ...rest] = part.trim().split(/\s+/);
    if (rest.length > 0 || !Object.hasOwn(fields, field) || !['asc', 'desc'].includes(direction)) {
      return issue(`must be fields with asc or desc, and commas between: ${Object.keys(fields).join(', ')}`);
    }
    terms.push({ field, descending: direction === 'desc' });
  }
  if (terms.length > MAX_ORDER_FIELDS) return issue(`names more than ${MAX_ORDER_FIELDS} fields`);
  return { ok: true, value: terms };
}

/** The order of two values: absent first, then false and true, numbers by size, text by its UTF-16 units. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  return a < b ? -1 : 1;
}

/** The order of two rows of values by `terms`. */
export function compareRows(a: readonly FieldValue[], b: readonly FieldValue[], terms: readonly OrderTerm[]): number {
  for (const [i, { descending }] of terms.entries()) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}
