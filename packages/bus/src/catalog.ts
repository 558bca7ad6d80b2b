import { BusError, type StreamSpec } from './bus.js';
import { covers, isPattern, isSubject, matcher, overlap } from './subject.js';

/** The largest payload every adapter takes, in bytes; below the default `max_payload` of a NATS server. */
export const MAX_PAYLOAD_BYTES = 1_000_000;
/** The longest `id` of a publish, in characters (visible ASCII). */
export const MAX_ID_LENGTH = 256;
/** The most streams one bus knows. */
export const MAX_STREAMS = 64;
/** The shortest age and duplicate window a stream can have, in milliseconds: JetStream takes nothing shorter. */
export const MIN_WINDOW_MS = 100;

/** What a subject or an argument is refused with. */
export function invalid(message: string): BusError {
  return new BusError('invalid', message);
}

/**
 * The streams that `ensureStreams` was given, and the checks that are the same for every adapter. A subject belongs to
 * exactly one stream; what no stream covers is refused as `invalid`, whatever a server would say.
 */
export class StreamCatalog {
  readonly #specs = new Map<string, StreamSpec>();
  #routes: readonly { readonly spec: StreamSpec; readonly matches: (subject: string) => boolean }[] = [];

  /** Takes specs in; throws `invalid` (and takes none) when one is malformed or its subjects belong to another stream. */
  add(specs: readonly StreamSpec[]): void {
    const next = new Map(this.#specs);
    for (const spec of specs) {
      checkSpec(spec);
      for (const other of next.values()) if (other.name !== spec.name) checkDisjoint(spec, other);
      const known = next.get(spec.name);
      if (known !== undefined && known.kind !== spec.kind) {
        throw invalid(`stream ${spec.name} is a ${known.kind} stream, not a ${spec.kind} stream`);
      }
      next.set(spec.name, spec);
    }
    if (next.size > MAX_STREAMS) throw invalid(`more than ${MAX_STREAMS} streams`);
    for (const [name, spec] of next) this.#specs.set(name, spec);
    this.#routes = this.all().flatMap((spec) => spec.subjects.map((own) => ({ spec, matches: matcher(own) })));
  }

  all(): readonly StreamSpec[] {
    return [...this.#specs.values()];
  }

  /** The stream that an event on `subject` with this id and payload goes to; throws `invalid` where there is none. */
  forPublish(subject: string, payload: Uint8Array, id: string): StreamSpec {
    const spec = this.#forMessage(subject, payload, 'log');
    if (id.length === 0 || id.length > MAX_ID_LENGTH || !/^[\x21-\x7e]+$/.test(id)) {
      throw invalid(`an id is 1 to ${MAX_ID_LENGTH} visible ASCII characters`);
    }
    return spec;
  }

  /** The stream that a last value on `subject` goes to; throws `invalid` where there is none. */
  forPublishLast(subject: string, payload: Uint8Array, version: number): StreamSpec {
    const spec = this.#forMessage(subject, payload, 'last-value');
    if (!Number.isSafeInteger(version) || version < 0) throw invalid('a version is an integer from 0 to 2^53 - 1');
    return spec;
  }

  /** The last-value stream that keeps `subject`; throws `invalid` where there is none. */
  forLast(subject: string): StreamSpec {
    return this.#forSubject(subject, 'last-value');
  }

  /** The one stream that holds everything `pattern` stands for; throws `invalid` where no single one does. */
  forPattern(pattern: string): StreamSpec {
    if (!isPattern(pattern)) throw invalid(`not a pattern: ${JSON.stringify(pattern)}`);
    const spec = this.all().find(({ subjects }) => subjects.some((own) => covers(own, pattern)));
    if (spec === undefined) throw invalid(`no stream covers all of ${pattern}`);
    return spec;
  }

  #forMessage(subject: string, payload: Uint8Array, kind: StreamSpec['kind']): StreamSpec {
    const spec = this.#forSubject(subject, kind);
    if (payload.byteLength > Math.min(MAX_PAYLOAD_BYTES, spec.maxBytes)) {
      throw invalid(`a payload of ${payload.byteLength} bytes is more than stream ${spec.name} takes`);
    }
    return spec;
  }

  #forSubject(subject: string, kind: StreamSpec['kind']): StreamSpec {
    if (!isSubject(subject)) throw invalid(`not a subject: ${JSON.stringify(subject)}`);
    const spec = this.#routes.find((route) => route.matches(subject))?.spec;
    if (spec === undefined) throw invalid(`no stream covers ${subject}`);
    if (spec.kind !== kind) throw invalid(`${subject} is on a ${spec.kind} stream, not on a ${kind} stream`);
    return spec;
  }
}

function checkSpec(spec: StreamSpec): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(spec.name)) throw invalid(`not a stream name: ${JSON.stringify(spec.name)}`);
  if (spec.subjects.length === 0) throw invalid(`stream ${spec.name} has no subjects`);
  for (const [i, subject] of spec.subjects.entries()) {
    if (!isPattern(subject)) throw invalid(`stream ${spec.name}: not a pattern: ${JSON.stringify(subject)}`);
    if (spec.subjects.slice(0, i).some((other) => overlap(other, subject))) {
      throw invalid(`stream ${spec.name}: ${subject} overlaps another of its subjects`);
    }
  }
  if (!Number.isSafeInteger(spec.maxBytes) || spec.maxBytes < 1) throw invalid(`stream ${spec.name}: no maxBytes`);
  if (!(spec.maxAgeMs === 0 || spec.maxAgeMs >= MIN_WINDOW_MS)) {
    throw invalid(`stream ${spec.name}: maxAgeMs is 0 (for ever) or at least ${MIN_WINDOW_MS}`);
  }
  if (spec.kind !== 'log') return;
  if (!(spec.duplicateWindowMs >= MIN_WINDOW_MS)) {
    throw invalid(`stream ${spec.name}: duplicateWindowMs is at least ${MIN_WINDOW_MS}`);
  }
  if (spec.maxAgeMs !== 0 && spec.duplicateWindowMs > spec.maxAgeMs) {
    throw invalid(`stream ${spec.name}: duplicateWindowMs is longer than maxAgeMs`);
  }
}

function checkDisjoint(spec: StreamSpec, other: StreamSpec): void {
  for (const a of spec.subjects) {
    for (const b of other.subjects) {
      if (overlap(a, b)) throw invalid(`stream ${spec.name}: ${a} overlaps ${b} of stream ${other.name}`);
    }
  }
}
