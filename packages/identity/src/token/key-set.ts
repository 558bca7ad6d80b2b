import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock, Timer } from '@parkade/clock';
import type { Log } from '@parkade/rpc';

/** Reads the document of keys (RFC 7517, 5) as JSON; rejects where it cannot be read. Ends when `signal` is aborted. */
export type ReadKeys = (signal: AbortSignal) => Promise<unknown>;

export interface KeySetLimits {
  /** The document is read again this often, so that a key that was withdrawn is forgotten. */
  readonly refreshMs: number;
  /** A token with an unknown key has the document read again, at most this often. */
  readonly cooldownMs: number;
  /** One reading may take this long. */
  readonly readTimeoutMs: number;
}

export const DEFAULT_KEY_SET_LIMITS: KeySetLimits = { refreshMs: 5 * 60_000, cooldownMs: 10_000, readTimeoutMs: 5_000 };

const MAX_KEYS = 100;

/**
 * The keys tokens are signed with.
 *
 *   K1. What was read last and was good is used until something else was read and is good: an identity provider that is away
 *       does not stop calls.
 *   K2. A key that is not known has the document read again, but whatever tokens come, not more often than every `cooldownMs`.
 *   K3. When the keys have changed `onChange` is called, before a token is verified with the new ones.
 */
export class KeySet {
  #find: JWTVerifyGetKey | undefined;
  #text = '';
  #reading: Promise<void> | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  readonly #stop = new AbortController();

  constructor(
    private readonly read: ReadKeys,
    private readonly limits: KeySetLimits,
    private readonly deps: { readonly clock: Clock; readonly log: Log },
    private readonly onChange: () => void,
  ) {}

  /** Whether any keys are known. */
  get known(): boolean {
    return this.#find !== undefined;
  }

  /** Reads for the first time; whether that succeeded shows in `known`. */
  async start(): Promise<void> {
    await this.#reload();
    this.#later();
  }

  /** For `jwtVerify`: the key a token names. Rejects with jose's `JWKSNoMatchingKey` where there is none. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    try {
      if (this.#find !== undefined) return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    const { clock } = this.deps;
    if (this.#reading !== undefined || clock.monotonicMs() - this.#readAtMs >= this.limits.cooldownMs)
      await this.#reload();
    if (this.#find === undefined) throw new errors.JWKSNoMatchingKey();
    return this.#find(header, token);
  };

  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  #later(): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = this.deps.clock.setTimer(this.limits.refreshMs, () => void this.#reload().then(() => this.#later()));
  }

  #reload(): Promise<void> {
    return (this.#reading ??= this.#readOnce().finally(() => (this.#reading = undefined)));
  }

  async #readOnce(): Promise<void> {
    const { clock, log } = this.deps;
    this.#readAtMs = clock.monotonicMs();
    const late = new AbortController();
    const timer = clock.setTimer(this.limits.readTimeoutMs, () => late.abort(new Error('it took too long')));
    try {
      const document = await this.read(AbortSignal.any([late.signal, this.#stop.signal]));
      const text = JSON.stringify(document);
      if (text === this.#text) return;
      this.#find = createLocalJWKSet(checked(document));
      this.#text = text;
      this.onChange();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      log.warn('keys-unavailable', { error: String(error), kept: this.known });
    } finally {
      timer.cancel();
    }
  }
}

function checked(document: unknown): JSONWebKeySet {
  const keys: unknown = (document as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('the document has no keys');
  if (keys.length > MAX_KEYS) throw new Error(`the document has more than ${MAX_KEYS} keys`);
  return document as JSONWebKeySet;
}
