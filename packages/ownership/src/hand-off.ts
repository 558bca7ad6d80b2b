import type { OwnerHint } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';

/** A member asks the owner of a partition for it. It has preloaded the partition. */
export interface HandOffRequest<P extends PartitionId = PartitionId> {
  readonly role: string;
  readonly partition: P;
  readonly memberId: string;
  /** `host:port`. */
  readonly address: string;
  readonly incarnation: string;
  readonly leaseId: string;
}

/**
 * The answer. A refusal leaves the partition where it is:
 *
 * - `not-owner`: the callee does not own it (any more); `owner` does, where known
 * - `not-wanted`: the callee's view of the members does not place it at the caller
 * - `busy`: it is loading, being handed off already, or too many hand-offs are under way: later
 * - `drain-failed`: what was under way could not be written in time
 * - `write-failed`: the store did not take it, for instance because the caller's lease is gone
 */
export type HandOffResult =
  | { readonly ok: true; readonly epoch: number }
  | { readonly ok: false; readonly reason: HandOffRefusal; readonly owner?: OwnerHint | undefined };

export type HandOffRefusal = 'not-owner' | 'not-wanted' | 'busy' | 'drain-failed' | 'write-failed';

/** Reaches other members. */
export interface HandOffClient {
  /**
   * Asks the member at `address` (`host:port`). Rejects when no answer came within `timeoutMs`: the partition may have been handed
   * off or not.
   */
  handOff(address: string, request: HandOffRequest, timeoutMs: number): Promise<HandOffResult>;
}

/** What a connection attempt proves: nobody listens there, somebody does, or nothing. */
export type ProbeResult = 'refused' | 'alive' | 'unknown';

/** Tries to connect to a member's address (`host:port`). Bounded in time; does not reject. */
export type Probe = (address: string) => Promise<ProbeResult>;
