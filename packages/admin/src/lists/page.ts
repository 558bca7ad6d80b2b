import type { Checked, Issue } from '@parkade/settings';
import { type Fields, type FieldValue, parseFilter } from './filter.js';
import { compareRows, type OrderTerm, parseOrder } from './order.js';

/** A page has at most, and unless told otherwise, this many items. */
export const MAX_TOP = 100;
/** What is searched for is at most this long, in characters. */
export const MAX_SEARCH_LENGTH = 256;
/** More than this nobody skips. */
export const MAX_SKIP = 2_147_483_647;

/** What of a list is asked for. */
export interface ListQuery {
  readonly filter?: string | undefined;
  /** Text that one of the searched fields contains, whatever its case. */
  readonly search?: string | undefined;
  readonly orderby?: string | undefined;
  readonly skip?: number | undefined;
  readonly top?: number | undefined;
  /** Goes on after the page that said `next`; then nothing is skipped. */
  readonly after?: string | undefined;
}

/** A page of a list. */
export interface Page<Item> {
  /** How many there are in all pages. */
  readonly count: number;
  readonly items: readonly Item[];
  /** What `after` is for the page that follows; undefined: this was the last. */
  readonly next: string | undefined;
}

/** What can be done with a list. `id` is among the fields: it is unique, and the order where nothing else decides. */
export interface ListShape<Item> {
  readonly fields: Fields<Item>;
  readonly searched: readonly string[];
}

/**
 * A page of `items`, pure. The order is total: by `orderby`, then by id. Walked by `next` a list misses nothing that was there all
 * the while and shows nothing twice, whatever is added and removed meanwhile; walked by `skip` it is what it is at that moment.
 */
export function pageOf<Item>(items: readonly Item[], shape: ListShape<Item>, query: ListQuery): Checked<Page<Item>> {
  const { fields, searched } = shape;
  const { filter = '', search = '', orderby = '', skip = 0, top = MAX_TOP, after } = query;
  const kept = filter.trim() === '' ? undefined : parseFilter(filter, fields);
  const order = parseOrder(orderby, fields);
  const issues = [...(kept?.ok === false ? kept.issues : []), ...(order.ok ? [] : order.issues)];
  if (search.length > MAX_SEARCH_LENGTH) issues.push(at('search', `is longer than ${MAX_SEARCH_LENGTH} characters`));
  if (!within(top, 1, MAX_TOP)) issues.push(at('top', `must be from 1 to ${MAX_TOP}`));
  if (!within(skip, 0, MAX_SKIP)) issues.push(at('skip', `must be from 0 to ${MAX_SKIP}`));
  if (after !== undefined && skip > 0) issues.push(at('skip', 'cannot be used together with after'));
  if (!order.ok || kept?.ok === false || issues.length > 0) return { ok: false, issues };
  const terms: readonly OrderTerm[] = [...order.value, { field: 'id', descending: false }];
  const cursor = after === undefined ? undefined : readCursor(after, orderby, terms.length);
  if (after !== undefined && cursor === undefined) {
    return { ok: false, issues: [at('after', 'is not what an earlier page of the same orderby said')] };
  }
  const wanted = search.toLowerCase();
  const rows: { readonly item: Item; readonly row: readonly FieldValue[] }[] = [];
  for (const item of items) {
    if (kept !== undefined && !kept.value(item)) continue;
    if (wanted !== '' && !searched.some((field) => text(fields[field]?.(item)).includes(wanted))) continue;
    rows.push({ item, row: terms.map(({ field }) => fields[field]?.(item)) });
  }
  rows.sort((a, b) => compareRows(a.row, b.row, terms));
  const from = cursor === undefined ? skip : firstAfter(rows, cursor, terms);
  const page = rows.slice(from, from + top);
  const last = page.at(-1);
  const next = last !== undefined && from + page.length < rows.length ? writeCursor(orderby, last.row) : undefined;
  return { ok: true, value: { count: rows.length, items: page.map(({ item }) => item), next } };
}

function firstAfter(
  rows: readonly { readonly row: readonly FieldValue[] }[],
  cursor: readonly FieldValue[],
  terms: readonly OrderTerm[],
): number {
  const index = rows.findIndex(({ row }) => compareRows(row, cursor, terms) > 0);
  return index < 0 ? rows.length : index;
}

function writeCursor(orderby: string, row: readonly FieldValue[]): string {
  return Buffer.from(JSON.stringify([orderby, row.map((value) => value ?? null)])).toString('base64url');
}

function readCursor(text: string, orderby: string, length: number): readonly FieldValue[] | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(json) || json[0] !== orderby || !Array.isArray(json[1]) || json[1].length !== length) {
      return undefined;
    }
    const values = json[1].map((value: unknown) => (isField(value) ? value : undefined));
    return values;
  } catch {
    return undefined;
  }
}

function isField(value: unknown): value is FieldValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function text(value: FieldValue): string {
  return value === undefined ? '' : String(value).toLowerCase();
}

function within(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function at(path: string, message: string): Issue {
  return { path, message };
}
