import type { Clock, Random } from '@parkade/clock';
import type { Store } from '@parkade/store';
import type { HandOffClient, Probe } from './hand-off.js';
import type { LeaseSession } from './lease-session.js';
import type { PartitionHandler } from './partition-handler.js';
import type { PartitionId, PartitionSpace } from './partition-space.js';
import type { Hold } from './tcp-hold.js';

/** Who this member is. */
export interface MemberIdentity {
  /** Unique among the members of the role; a process that starts again may use it again. */
  readonly memberId: string;
  /** Where others reach it: `host:port`. It listens there before it starts to own. */
  readonly address: string;
  /** The software's version (`1.4.2`): newer members are preferred while versions differ. */
  readonly version: string;
}

export interface PartitionOwnerDeps<P extends PartitionId> {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** The lease everything is attached to. May be shared by several roles of a process; whoever made it closes it. */
  readonly session: LeaseSession;
  readonly handler: PartitionHandler<P>;
  readonly handOffClient: HandOffClient;
  /** Needed for forced takeover. */
  readonly probe?: Probe | undefined;
  /** Holds a connection to each member that is looked after; default: it is asked anew each `peerProbeMs`. */
  readonly hold?: Hold | undefined;
  /** Hears of what went wrong and is being dealt with; for logs and counters. */
  readonly report?: ((what: string, error: unknown) => void) | undefined;
}

export interface PartitionOwnerConfig<P extends PartitionId> {
  readonly self: MemberIdentity;
  readonly space: PartitionSpace<P>;
  readonly timing?: Partial<OwnershipTiming> | undefined;
}

/** All times in milliseconds. */
export interface OwnershipTiming {
  /** From joining to the first claim, so that members that start together see each other. */
  readonly joinDelayMs: number;
  /** A random part of this is waited before each round of claims. */
  readonly claimJitterMs: number;
  /** An orphan its designated owner did not claim for this long is anybody's. */
  readonly orphanGraceMs: number;
  /** After a change of members, before partitions are moved. Not waited for when their owner is leaving. */
  readonly settleMs: number;
  /** A partition whose owner key went with its lease is claimed no earlier than this long after. For owners whose acts no epoch fences. */
  readonly claimDelayAfterExpiryMs: number;
  /** Partitions moved to this member at a time; twice as many from members that leave. It gives twice as many, leaving 16 times. */
  readonly maxMoves: number;
  /** Partitions being claimed or loaded at a time. */
  readonly maxLoads: number;
  /** Claims in one transaction; at most 64. */
  readonly claimBatch: number;
  readonly preloadTimeoutMs: number;
  readonly drainTimeoutMs: number;
  /** Of a hand-off request: drain and write included. */
  readonly handOffTimeoutMs: number;
  /** Of one call to the store. */
  readonly storeTimeoutMs: number;
  /** Back-off of a partition after a failed load, move or claim: doubles from min to max. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Whether a member that refuses connections is removed and its partitions taken before its lease ends. */
  readonly forcedTakeover: boolean;
  /** How often the next members (in the order of ids) are probed; 0: only on `reportUnreachable`. */
  readonly peerProbeMs: number;
  /** How many next members are probed. */
  readonly peerProbeCount: number;
  /** Removals by this member within `takeoverWindowMs`; past it evidence is not acted on. */
  readonly maxTakeovers: number;
  readonly takeoverWindowMs: number;
}

export const DEFAULT_TIMING: OwnershipTiming = {
  joinDelayMs: 200,
  claimJitterMs: 20,
  orphanGraceMs: 1_000,
  settleMs: 2_000,
  claimDelayAfterExpiryMs: 0,
  maxMoves: 4,
  maxLoads: 32,
  claimBatch: 16,
  preloadTimeoutMs: 15_000,
  drainTimeoutMs: 2_000,
  handOffTimeoutMs: 5_000,
  storeTimeoutMs: 2_000,
  retryMinMs: 100,
  retryMaxMs: 5_000,
  forcedTakeover: true,
  peerProbeMs: 200,
  peerProbeCount: 2,
  maxTakeovers: 2,
  takeoverWindowMs: 10_000,
};

/** For media nodes: a switch cannot compare epochs, so nobody is taken over, and the next owner waits. */
export const MEDIA_TIMING: Partial<OwnershipTiming> = {
  forcedTakeover: false,
  claimDelayAfterExpiryMs: 1_000,
};
