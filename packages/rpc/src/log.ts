/** Where a component says what an operator should know. One line an event; no secrets in `fields`. */
export interface Log {
  /** Undefined where nobody wants it: `log.debug?.(…)` then costs nothing, its arguments included. */
  readonly debug?: ((event: string, fields?: Readonly<Record<string, unknown>>) => void) | undefined;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
