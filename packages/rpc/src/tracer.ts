/** A piece of work that somebody traces. */
export interface Span {
  /** W3C `traceparent` to hand on to whoever does part of it. */
  readonly traceparent: string;
  /** Once. `failed`: it was not done. */
  end(attributes?: Readonly<Record<string, string | number>>, failed?: boolean): void;
}

/**
 * Where spans are begun. Undefined everywhere where traces are off: `tracer?.span(…)` then costs nothing, its arguments included.
 */
export interface Tracer {
  /** `parent`: the traceparent it belongs to; undefined or malformed: a trace of its own. `startMs`: wall time; default now. */
  span(name: string, kind: 'server' | 'client' | 'internal', parent: string | undefined, startMs?: number): Span;
}

/** The metadata key that carries a traceparent (https://www.w3.org/TR/trace-context/). */
export const TRACEPARENT = 'traceparent';
