import { type Checked } from '@parkade/settings';

/** A field of what is listed. Absent is `null`. */
export type FieldValue = string | number | boolean | undefined;

/** The fields by which a list can be filtered and ordered. */
export type Fields<Item> = Readonly<Record<string, (item: Item) => FieldValue>>;

/** A filter is at most this long, in characters. */
export const MAX_FILTER_LENGTH = 2_000;
/** And has at most this many comparisons, and parentheses in each other. */
export const MAX_FILTER_TERMS = 50;
export const MAX_FILTER_DEPTH = 10;

type Literal = string | number | boolean | null;
type Token =
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  | { readonly kind: 'literal'; readonly value: Literal; readonly at: number }
  | { readonly kind: 'sign'; readonly text: '(' | ')' | ','; readonly at: number };

/**
 * Reads a filter: OData's `eq`, `ne`, `and`, `or`, `contains(field, 'text')`, `startswith(field, 'text')`, and parentheses.
 *
 *     filter = term { "or" term };  term = factor { "and" factor }
 *     factor = "(" filter ")" | field ("eq" | "ne") literal | ("contains" | "startswith") "(" field "," text ")"
 *     literal = text | number | "true" | "false" | "null";  text = "'" … "'", a quote in it doubled
 *
 * Text is compared to the character; an absent field is `null`, and contains nothing. It is read into a function and never into
 * anything that is run or asked of a store.
 */
export function parseFilter<Item>(text: string, fields: Fields<Item>): Checked<(item: Item) => boolean> {
  if (text.length > MAX_FILTER_LENGTH) return fault(`is longer than ${MAX_FILTER_LENGTH} characters`);
  const tokens = tokensOf(text);
  if (typeof tokens === 'number') return fault(`cannot be read at character ${tokens + 1}`);
  const reader = new FilterReader(tokens, fields);
  try {
    return { ok: true, value: reader.read() };
  } catch (error) {
    if (error instanceof FilterFault) return fault(error.message);
    throw error;
  }
}

class FilterFault extends Error {}

const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|'((?:[^']|'')*)'|(-?\d{1,15}(?:\.\d{1,15})?)(?![\w.])|([(),]))/y;

/** The tokens, or where the text cannot be read. */
function tokensOf(text: string): readonly Token[] | number {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  for (let at = 0; at < trimmed.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(trimmed);
    if (match === null) return at;
    const [, word, quoted, number, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: 'literal', value: quoted.replaceAll("''", "'"), at });
    else if (number !== undefined) tokens.push({ kind: 'literal', value: Number(number), at });
    else if (sign === '(' || sign === ')' || sign === ',') tokens.push({ kind: 'sign', text: sign, at });
    else if (word === 'true' || word === 'false') tokens.push({ kind: 'literal', value: word === 'true', at });
    else if (word === 'null') tokens.push({ kind: 'literal', value: null, at });
    else tokens.push({ kind: 'word', text: word ?? '', at });
  }
  return tokens;
}

class FilterReader<Item> {
  #next = 0;
  #terms = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly fields: Fields<Item>,
  ) {}

  read(): (item: Item) => boolean {
    const filter = this.#any(0);
    const left = this.tokens[this.#next];
    if (left !== undefined) throw new FilterFault(`has something after its end, at character ${left.at + 1}`);
    return filter;
  }

  #any(depth: number): (item: Item) => boolean {
    if (depth > MAX_FILTER_DEPTH) throw new FilterFault(`has parentheses more than ${MAX_FILTER_DEPTH} deep`);
    const terms = [this.#all(depth)];
    while (this.#took('or')) terms.push(this.#all(depth));
    return terms.length === 1 ? (terms[0] ?? never) : (item) => terms.some((term) => term(item));
  }

  #all(depth: number): (item: Item) => boolean {
    const factors = [this.#factor(depth)];
    while (this.#took('and')) factors.push(this.#factor(depth));
    return factors.length === 1 ? (factors[0] ?? never) : (item) => factors.every((factor) => factor(item));
  }

  #factor(depth: number): (item: Item) => boolean {
    if (this.#took('(')) {
      const inner = this.#any(depth + 1);
      this.#expect(')');
      return inner;
    }
    if (++this.#terms > MAX_FILTER_TERMS) throw new FilterFault(`has more than ${MAX_FILTER_TERMS} comparisons`);
    if (this.#took('contains')) return this.#text((value, part) => value.includes(part));
    if (this.#took('startswith')) return this.#text((value, part) => value.startsWith(part));
    const field = this.#field();
    const equal = this.#took('eq');
    if (!equal) this.#expect('ne');
    const literal = this.#literal();
    return (item) => ((field(item) ?? null) === literal) === equal;
  }

  #text(test: (value: string, part: string) => boolean): (item: Item) => boolean {
    this.#expect('(');
    const field = this.#field();
    this.#expect(',');
    const part = this.#literal();
    if (typeof part !== 'string') throw new FilterFault('needs text in single quotes in contains and startswith');
    this.#expect(')');
    return (item) => {
      const value = field(item);
      return typeof value === 'string' && test(value, part);
    };
  }

  #field(): (item: Item) => FieldValue {
    const token = this.tokens[this.#next];
    const name = token?.kind === 'word' ? token.text : '';
    const field = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
    if (field === undefined)
      throw new FilterFault(`needs a field ${where(token)}: ${Object.keys(this.fields).join(', ')}`);
    this.#next++;
    return field;
  }

  #literal(): Literal {
    const token = this.tokens[this.#next];
    if (token?.kind !== 'literal')
      throw new FilterFault(`needs a value ${where(token)}: 'text', a number, true, false, null`);
    this.#next++;
    return token.value;
  }

  #took(text: string): boolean {
    const token = this.tokens[this.#next];
    const took = token !== undefined && token.kind !== 'literal' && token.text === text;
    if (took) this.#next++;
    return took;
  }

  #expect(text: string): void {
    if (!this.#took(text)) throw new FilterFault(`needs ${text} ${where(this.tokens[this.#next])}`);
  }
}

function never(): boolean {
  return false;
}

function where(token: Token | undefined): string {
  return token === undefined ? 'at its end' : `at character ${token.at + 1}`;
}

function fault(message: string): Checked<never> {
  return { ok: false, issues: [{ path: 'filter', message }] };
}
