import { encodeToken, NO_TOKEN } from './encoded.js';
import { writeResumeToken } from './resume-token.js';

/** A token's time of issue is told in these steps: tokens made meanwhile for the same revisions are the same. */
const ISSUED_IN_MS = 1_000;

/**
 * Resume tokens as bytes, and messages that end with one. The last of each is kept: a change is told to all who watch the same lot one after
 * the other, so 10,000 watchers cost one token and one message, and 10,000 writes.
 */
export class TokenWriter {
  #name = '';
  #token: Uint8Array = NO_TOKEN;
  #event: Uint8Array | undefined;
  #eventToken: Uint8Array | undefined;
  #message: Uint8Array = NO_TOKEN;

  /** The token of a scope at these revisions by shard, issued at `nowMs` or up to a second before. */
  token(scope: number, nowMs: number, revisions: ReadonlyMap<number, number>): Uint8Array {
    const issuedAtMs = nowMs - (nowMs % ISSUED_IN_MS);
    let name = `${scope} ${issuedAtMs}`;
    for (const [shard, revision] of revisions) name += ` ${shard}:${revision}`;
    if (name !== this.#name) {
      this.#name = name;
      this.#token = encodeToken(writeResumeToken(scope, { issuedAtMs, revisions }));
    }
    return this.#token;
  }

  /** An event with a token behind it. */
  message(event: Uint8Array, token: Uint8Array): Uint8Array {
    if (token.length === 0) return event;
    if (event !== this.#event || token !== this.#eventToken) {
      this.#event = event;
      this.#eventToken = token;
      this.#message = Buffer.concat([event, token]);
    }
    return this.#message;
  }
}
