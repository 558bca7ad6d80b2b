/** One figure of a bench. */
export interface Figure {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held to, in words: `< 64`. */
  readonly bar: string;
  readonly ok: boolean;
}

/** A figure that must stay below a bound. */
export function below(id: string, value: number, bound: number, unit: string): Figure {
  return { id, value: rounded(value), unit, bar: `< ${bound}`, ok: value < bound };
}

/** A figure that must stay above a bound. */
export function above(id: string, value: number, bound: number, unit: string): Figure {
  return { id, value: rounded(value), unit, bar: `> ${bound}`, ok: value > bound };
}

/** A count that must be nothing. */
export function none(id: string, value: number, unit: string): Figure {
  return { id, value, unit, bar: '= 0', ok: value === 0 };
}

function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Math.round(value * 100) / 100;
}
