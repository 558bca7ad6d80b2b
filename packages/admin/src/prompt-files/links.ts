import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { Store } from '@parkade/store';

/** A link is good for this long. */
export const LINK_MS = 24 * 3_600_000;

const KEY_BYTES = 32;

/**
 * Links with which a file is fetched without a token, as media nodes do: whoever has one may read that file until it ends. They are
 * signed with a key that all processes of the cluster know from the store, made by the first that needs it.
 */
export class SignedLinks {
  #key: Promise<Uint8Array> | undefined;

  constructor(private readonly deps: { readonly store: Store; readonly clock: Clock }) {}

  /** The link's query: `expires=…&signature=…`. */
  async query(tenantId: string, fileId: string): Promise<string> {
    const expires = Math.ceil((this.deps.clock.nowMs() + LINK_MS) / 1_000);
    return `expires=${expires}&signature=${await this.#signature(tenantId, fileId, expires)}`;
  }

  /** Whether a link is one of ours for this file, and has not ended. `expires`: Unix seconds. */
  async isGood(tenantId: string, fileId: string, expires: number, signature: string): Promise<boolean> {
    if (expires * 1_000 <= this.deps.clock.nowMs()) return false;
    const own = Buffer.from(await this.#signature(tenantId, fileId, expires));
    const given = Buffer.from(signature);
    return own.length === given.length && timingSafeEqual(own, given);
  }

  async #signature(tenantId: string, fileId: string, expires: number): Promise<string> {
    this.#key ??= this.#shared().catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    const signed = JSON.stringify([tenantId, fileId, expires]);
    return createHmac('sha256', await this.#key)
      .update(signed)
      .digest('base64url');
  }

  async #shared(): Promise<Uint8Array> {
    const { store } = this.deps;
    const key = keys.linkKey;
    const own = randomBytes(KEY_BYTES);
    const { succeeded, results } = await store.txn({
      compare: [{ kind: 'absent', key }],
      success: [{ kind: 'put', key, value: own }],
      failure: [{ kind: 'get', range: { start: key } }],
    });
    return succeeded ? own : (results[0]?.[0]?.value ?? own);
  }
}
