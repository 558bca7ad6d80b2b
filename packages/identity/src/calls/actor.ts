import type { Actor } from '@parkade/proto';
import type { Principal } from '../principal.js';

/** The longest subject of a token that is kept, in characters; of a longer one the beginning. */
const MAX_PRINCIPAL_LENGTH = 256;

/**
 * Who asks, as the audit names them; undefined for a process of the cluster, which asks for somebody whom the park itself names.
 * `operation` is what was asked for (`ParkService/Retrieve`). Holds no credentials.
 */
export function actorOf({ kind, subject }: Principal, peer: string, operation: string): Actor | undefined {
  if (kind === 'service') return undefined;
  return { principal: subject.slice(0, MAX_PRINCIPAL_LENGTH), peer, operation };
}

/** What takes a call out of its slot, or changes when or where it waits: what the audit records of parks. */
export const TAKES: ReadonlySet<string> = new Set([
  'retrieve',
  'beginRetrieve',
  'confirmRetrieve',
  'giveBackRetrieve',
  'claimPickup',
  'parkOrRetrieve',
  'release',
  'movePark',
  'extendPark',
  'renewPolicy',
]);
