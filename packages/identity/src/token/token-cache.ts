import type { Principal } from '../principal.js';

/** Verified tokens by their digest, the one used longest ago dropped past `max`. The tokens themselves are not kept. */
export class TokenCache {
  /** In the order of use, the latest last; only roughly: a hit in the younger half moves nothing. */
  #young = new Map<string, Principal>();
  #old = new Map<string, Principal>();

  constructor(private readonly max: number) {}

  /** Undefined where it is not known, or has expired at `nowMs`. */
  get(digest: string, nowMs: number): Principal | undefined {
    const young = this.#young.get(digest);
    const found = young ?? this.#old.get(digest);
    if (found === undefined || found.expiresAtMs <= nowMs) return undefined;
    if (young === undefined) this.set(digest, found);
    return found;
  }

  set(digest: string, principal: Principal): void {
    if (this.#young.size >= this.max / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(digest, principal);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
