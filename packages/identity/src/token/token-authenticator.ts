import { hash } from 'node:crypto';
import type { Clock } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { type Log, Refused } from '@parkade/rpc';
import { errors, jwtVerify } from 'jose';
import { type Authenticator, unauthenticated } from '../authenticator.js';
import { DEFAULT_CLAIM, principalOf } from '../claims.js';
import { type Principal, SERVICE_PRINCIPAL } from '../principal.js';
import { DEFAULT_KEY_SET_LIMITS, KeySet, type KeySetLimits, type ReadKeys } from './key-set.js';
import { TokenCache } from './token-cache.js';

/** Signatures by asymmetric keys alone: with a shared secret whoever verifies tokens could make them. */
export const ALGORITHMS: readonly string[] = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

export interface TokenLimits extends KeySetLimits {
  /** How far apart the clocks of who makes tokens and of this process may be. */
  readonly leewayMs: number;
  /** Verified tokens that are remembered. */
  readonly maxCached: number;
  /** Tokens being verified at a time; past it: OVERLOADED. */
  readonly maxVerifying: number;
  /** Longer tokens are refused unread. */
  readonly maxTokenBytes: number;
}

export const DEFAULT_TOKEN_LIMITS: TokenLimits = {
  ...DEFAULT_KEY_SET_LIMITS,
  leewayMs: 5_000,
  maxCached: 10_000,
  maxVerifying: 256,
  maxTokenBytes: 12 * 1024,
};

export interface TokenConfig {
  readonly keys: ReadKeys;
  /** What `iss` must be. */
  readonly issuer: string;
  /** What `aud` must be, or hold. */
  readonly audience: string;
  /** Which signatures are accepted; default: all of `ALGORITHMS`. */
  readonly algorithms?: readonly string[] | undefined;
  /** The claim that holds the rights; default: `parkade`. */
  readonly claim?: string | undefined;
  /** The secret by which processes of this cluster know each other where they have no certificates. */
  readonly clusterToken?: string | undefined;
  readonly limits?: Partial<TokenLimits> | undefined;
}

export interface TokenDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Verifies tokens (RFC 7519, with the advice of RFC 8725): signature by a known key and a pinned algorithm, `iss`, `aud`, `exp`
 * and `nbf` with a small leeway; `exp` and `sub` are required.
 *
 *   A1. A token is verified once and then known by its SHA-256 until it expires, or the keys change.
 *   A2. No token, nor any part of one, is logged or repeated in a refusal.
 */
export class TokenAuthenticator implements Authenticator {
  readonly #limits: TokenLimits;
  readonly #cache: TokenCache;
  readonly #keys: KeySet;
  readonly #verifying = new Map<string, Promise<Principal | Refused>>();
  readonly #clusterDigest: string | undefined;
  #generation = 0;

  private constructor(
    private readonly config: TokenConfig,
    private readonly deps: TokenDeps,
  ) {
    this.#limits = { ...DEFAULT_TOKEN_LIMITS, ...config.limits };
    this.#cache = new TokenCache(this.#limits.maxCached);
    this.#clusterDigest = config.clusterToken === undefined ? undefined : digestOf(config.clusterToken);
    this.#keys = new KeySet(config.keys, this.#limits, deps, () => {
      this.#generation++;
      this.#cache.clear();
    });
  }

  /** Keys that cannot be read yet do not hinder the start: tokens are refused until they can. */
  static async start(config: TokenConfig, deps: TokenDeps): Promise<TokenAuthenticator> {
    const authenticator = new TokenAuthenticator(config, deps);
    await authenticator.#keys.start();
    return authenticator;
  }

  /** Whether the keys could be read. */
  get ready(): boolean {
    return this.#keys.known;
  }

  authenticate(token: string | undefined): Principal | Refused | Promise<Principal | Refused> {
    if (token === undefined || token === '') {
      return unauthenticated('A token is needed: send it as authorization: Bearer <token>.');
    }
    if (token.length > this.#limits.maxTokenBytes) return unauthenticated('The token is too long.');
    const digest = digestOf(token);
    const known = this.#cache.get(digest, this.deps.clock.nowMs());
    if (known !== undefined) return known;
    if (digest === this.#clusterDigest) return SERVICE_PRINCIPAL;
    return this.#verifying.get(digest) ?? this.#begin(digest, token);
  }

  close(): void {
    this.#keys.close();
  }

  #begin(digest: string, token: string): Promise<Principal | Refused> | Refused {
    if (this.#verifying.size >= this.#limits.maxVerifying) {
      return new Refused(Reason.OVERLOADED, 'Too many tokens are being verified; retry after a pause.');
    }
    const verified = this.#verify(digest, token).finally(() => this.#verifying.delete(digest));
    this.#verifying.set(digest, verified);
    return verified;
  }

  async #verify(digest: string, token: string): Promise<Principal | Refused> {
    const { issuer, audience, algorithms, claim } = this.config;
    const { leewayMs } = this.#limits;
    try {
      const generation = this.#generation;
      const { payload } = await jwtVerify(token, this.#keys.key, {
        algorithms: [...(algorithms ?? ALGORITHMS)],
        issuer,
        audience,
        requiredClaims: ['exp', 'sub', 'iss', 'aud'],
        clockTolerance: leewayMs / 1_000,
        currentDate: new Date(this.deps.clock.nowMs()),
      });
      const expiresAtMs = (payload.exp ?? 0) * 1_000 + leewayMs;
      const principal = principalOf(payload, claim ?? DEFAULT_CLAIM, expiresAtMs);
      if (principal === undefined)
        return unauthenticated('The token’s rights are malformed; see the documented claim.');
      // Keys that changed meanwhile may be those it was verified with (A1).
      if (generation === this.#generation) this.#cache.set(digest, principal);
      return principal;
    } catch (error) {
      return unauthenticated(this.ready ? reasonOf(error) : 'The keys that verify tokens cannot be read yet; retry.');
    }
  }
}

/** In words of our own: jose's errors carry the payload (A2). */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: get a new one.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    return reason === 'missing'
      ? `The token has no claim ${claim}.`
      : `The token is not for here: its ${claim} is wrong.`;
  }
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed with a key that is not known here.';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The token is signed in a way that is not accepted here.';
  return 'The token is not valid.';
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
