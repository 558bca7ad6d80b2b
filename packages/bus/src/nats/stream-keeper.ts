import { BusError, type StreamSpec } from '../bus.js';
import type { StreamCatalog } from '../catalog.js';
import type { NatsSession } from './session.js';
import { ensureStream, type StreamState } from './streams.js';

export interface StreamKeeperDeps {
  readonly catalog: StreamCatalog;
  readonly replicas: number;
  /** Called for each stream that was lost, before anybody is told. */
  readonly onLost: (name: string) => void;
  /** A stream that is there but cannot serve. */
  readonly onFault: (doing: string, error: unknown) => void;
}

/**
 * Knows which streams there should be and notices when one is no longer what it was.
 *
 *   L1. A stream counts as lost when it is missing, when it was made at another time than the one known, or when its
 *       newest sequence is below one that was acknowledged or delivered here (the server lost its newest messages).
 *   L2. A loss is reported once by each bus, whoever of them made the stream again.
 *   L3. A stream that was not known before is not lost; whether it was made is told to `ensure`.
 */
export class StreamKeeper {
  readonly #known = new Map<string, StreamState>();
  /** The highest sequence that this bus has seen of each stream. */
  readonly #seen = new Map<string, number>();
  /** Made here for the first time, and not yet told to a caller of `ensure`. */
  readonly #fresh = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: StreamKeeperDeps) {}

  /** Notes that a message of this sequence is in the stream. */
  saw(name: string, sequence: number): void {
    if (sequence > (this.#seen.get(name) ?? 0)) this.#seen.set(name, sequence);
  }

  /** The stream as it was last seen; undefined before that. */
  known(name: string): StreamState | undefined {
    return this.#known.get(name);
  }

  /** Makes streams where they are missing; resolves to those made, and rejects with `invalid` for one that cannot serve. */
  async ensure(session: NatsSession, specs: readonly StreamSpec[]): Promise<readonly string[]> {
    await this.#inTurn(async () => {
      for (const spec of specs) if (await this.#look(session, spec)) this.#unreported.add(spec.name);
    });
    return specs.map(({ name }) => name).filter((name) => this.#fresh.delete(name));
  }

  /** Looks after every stream of the catalogue; resolves to those lost since they were last looked at. */
  async verify(session: NatsSession): Promise<readonly string[]> {
    return await this.#inTurn(async () => {
      for (const spec of this.deps.catalog.all()) {
        try {
          if (await this.#look(session, spec)) this.#unreported.add(spec.name);
        } catch (error) {
          if (!(error instanceof BusError) || error.code !== 'invalid') throw error;
          this.deps.onFault(`looking after stream ${spec.name}`, error);
        }
      }
      const lost = [...this.#unreported];
      this.#unreported.clear();
      return lost;
    });
  }

  /** Lost, and not yet told to a caller of `verify`: kept when a session ends in the middle of one. */
  readonly #unreported = new Set<string>();

  /** Whether the stream was lost (L1). */
  async #look(session: NatsSession, spec: StreamSpec): Promise<boolean> {
    const before = this.#known.get(spec.name);
    const seen = this.#seen.get(spec.name) ?? 0;
    const { state, made } = await ensureStream(session, spec, this.deps.replicas);
    const another = before !== undefined && (made || before.created !== state.created);
    const lost = another || state.lastSequence < seen;
    if (before === undefined && made) this.#fresh.add(spec.name);
    if (lost) {
      this.#seen.set(spec.name, state.lastSequence);
      this.deps.onLost(spec.name);
    }
    this.#known.set(spec.name, state);
    return lost;
  }

  /** One at a time, so that two looks at a stream do not both take it for lost. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(task);
    this.#turn = next.catch(() => undefined);
    return next;
  }
}
