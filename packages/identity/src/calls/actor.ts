import type { Metadata } from '@grpc/grpc-js';
import { Actor } from '@parkade/proto';
import { ACTOR_HEADER, headerOf, PROCESS_HEADER } from '@parkade/rpc';
import type { Principal } from '../principal.js';
import { callerOf } from './call-guard.js';

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

/** A call of an RPC, and where it came from. */
interface AskingCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** What a process says of for whom it asks; longer ones are nobody's. */
const MAX_ACTOR_BYTES = 1_024;

/** As `actorOf` the caller; of a process of the cluster the one for whom it asks, where it says so. */
export function askerOf(call: AskingCall, operation: string): Actor | undefined {
  // Asked last for its metadata: most who call are no process, and making all of them costs a unary call 1 to 3 µs.
  return (isProcess(call) ? actorSaid(call) : undefined) ?? actorOf(callerOf(call), call.getPeer(), operation);
}

function actorSaid({ metadata }: Pick<AskingCall, 'metadata'>): Actor | undefined {
  const [said] = metadata.get(ACTOR_HEADER);
  if (!(said instanceof Buffer) || said.length > MAX_ACTOR_BYTES) return undefined;
  try {
    return Actor.decode(said);
  } catch {
    // No actor: as if it had said nothing.
    return undefined;
  }
}

/** Whether a process of the cluster calls; where nobody is asked who calls, whoever says so. */
export function isProcess(call: Pick<AskingCall, 'metadata'>): boolean {
  const { kind } = callerOf(call);
  return kind === 'service' || (kind === 'open' && headerOf(call, PROCESS_HEADER) !== undefined);
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
