import type { CallRef } from '@parkade/proto';
import type { CancelCause, Contacts, Exit, LegFact, LegNews, Presentation } from '../machine/index.js';

/** A ringing leg, and whose it is. */
export interface LegRef {
  readonly legId: string;
  /** The node that holds the parked call, and so rings for it. */
  readonly mediaNode: string;
  readonly parkId: string;
}

/** A leg to be rung. */
export interface LegRequest extends LegRef {
  readonly tenantId: string;
  readonly attempt: number;
  /** The parked call: the leg is rung for it, and shows its number with the privacy it came with. */
  readonly forCall: CallRef;
  readonly contact: string;
  /** How long it rings, in ms; then it ends as `no-answer`. */
  readonly ringMs: number;
  readonly presentation: Presentation;
  /** Whether the contact's own forwarding and voicemail count; else the leg ends where it would be forwarded (R14). */
  readonly followForwarding: boolean;
}

/** Whose contacts are asked for; empty fields are not known. */
export interface User {
  readonly tenantId: string;
  readonly userId: string;
  readonly extension: string;
}

/** Which park something is wanted of. */
export interface ParkName {
  readonly tenantId: string;
  readonly parkId: string;
}

export type ConnectResult = 'connected' | 'caller-gone' | 'failed';
export type TransferResult = 'done' | 'not-held' | 'gone' | 'failed';

/** How long an answered leg waits for the call, in ms. */
export const ANSWERED_MS = 15_000;

/**
 * What recalling needs of the media.
 *
 *   P1. A leg id exists at the switch once at most: `ring` with one that exists dials nothing and joins it.
 *   P2. Every leg that was rung or found is told of until it has ended: at most one `answered`, then exactly one end
 *       (`cancel` ends it without a word).
 *   P3. Nothing here throws; promises that reject mean that it is not known what was done.
 *   P4. A leg that was answered and is neither connected nor cancelled within `ANSWERED_MS` ends by itself (`hung-up`): whoever
 *       answers while recall processes die is not left with silence.
 *   P5. Everything may be asked twice: connecting what is connected, cancelling what has ended, transferring what has left
 *       change nothing.
 */
export interface MediaPort {
  /** The contacts of a user as they are registered now. Rejects when that is not known. */
  contacts(user: User, timeoutMs: number): Promise<Contacts>;
  ring(request: LegRequest): void;
  /** Ends a leg, also an answered one, but not one that has the call. */
  cancel(leg: LegRef, cause: CancelCause): void;
  /** How a leg stands; from then on it is told of here. */
  exists(leg: LegRef): Promise<LegFact>;
  /** Connects an answered leg with the parked call. `failed`: the leg is gone, or the call is not held in a slot any more. */
  connect(leg: LegRef, call: CallRef): Promise<ConnectResult>;
  /** Hands the parked call over. `not-held`: it is somewhere else already; `gone`: it has ended. */
  transfer(park: ParkName, call: CallRef, exit: Exclude<Exit, { to: 'wait' }>): Promise<TransferResult>;
  /** Plays hold audio to the parked call (again). */
  hold(call: CallRef): void;
  /** Ends a call that was in this park; one that is another park's by now is let alone. */
  hangup(park: ParkName, call: CallRef): void;
  /** Tells of legs. Returns what ends that. */
  onLeg(listener: (legId: string, news: LegNews) => void): () => void;
}
