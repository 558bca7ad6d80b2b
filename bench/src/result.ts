/** One figure of a bench. */
export interface Figure {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held to, in words: `< 64`. */
  readonly bar: string;
  readonly ok: boolean;
  /** The lowest and the highest of the rounds; `value` is their median. */
  readonly spread?: readonly [number, number];
  /** What it was measured beside, in words. */
  readonly baseline?: string;
}

/** What a figure says of how it was measured. */
type Beside = Pick<Figure, 'spread' | 'baseline'>;

/** A figure that must stay below a bound. */
export function below(id: string, value: number, bound: number, unit: string): Figure {
  return { id, value: rounded(value), unit, bar: `< ${bound}`, ok: value < bound };
}

/** A figure that must stay above a bound. */
export function above(id: string, value: number, bound: number, unit: string): Figure {
  return { id, value: rounded(value), unit, bar: `> ${bound}`, ok: value > bound };
}

/** A figure that must reach a bound. */
export function atLeast(id: string, value: number, bound: number, unit: string, beside: Beside = {}): Figure {
  return { id, value: rounded(value), unit, bar: `≥ ${bound}`, ok: value >= bound, ...shortened(beside) };
}

/** A figure that must not pass a bound. */
export function atMost(id: string, value: number, bound: number, unit: string, beside: Beside = {}): Figure {
  return { id, value: rounded(value), unit, bar: `≤ ${bound}`, ok: value <= bound, ...shortened(beside) };
}

/** A count that must be nothing. */
export function none(id: string, value: number, unit: string): Figure {
  return { id, value, unit, bar: '= 0', ok: value === 0 };
}

function shortened({ spread, ...rest }: Beside): Beside {
  return spread === undefined ? rest : { ...rest, spread: [rounded(spread[0]), rounded(spread[1])] };
}

function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Math.round(value * 100) / 100;
}
