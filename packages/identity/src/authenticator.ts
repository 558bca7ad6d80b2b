import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { OPEN_PRINCIPAL, type Principal } from './principal.js';

/** Recognises who calls by the bearer token of the call. */
export interface Authenticator {
  /**
   * The principal of a token (without the word `Bearer`), or a refusal with UNAUTHENTICATED. A token that was verified before is
   * answered at once, with a value and not a promise. Never rejects.
   */
  authenticate(token: string | undefined): Principal | Refused | Promise<Principal | Refused>;
  /** Ends what keeps the keys up to date. */
  close(): void;
}

/** Asks nobody for a token: everybody may do everything. For loopback alone. */
export const openAuthenticator: Authenticator = {
  authenticate: () => OPEN_PRINCIPAL,
  close: () => undefined,
};

const USUAL = 'Bearer ';

/** The token in an `authorization` header; undefined where there is none, or it is no bearer token (RFC 6750, 2.1). */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  // As nearly all write it: looking at each character of a long token costs 1 µs.
  if (authorization.startsWith(USUAL) && !authorization.includes(' ', USUAL.length))
    return authorization.slice(USUAL.length);
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
}

/** What a call without a valid token is told. */
export function unauthenticated(message: string): Refused {
  return new Refused(Reason.UNAUTHENTICATED, message);
}
