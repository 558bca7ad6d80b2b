// The calls of one node that are parked, or about to be.
//   T1. A leg is watched from before its park is asked for, so that its hang-up cannot be missed: one that ends meanwhile
//       is released as soon as its park is known.
//   T2. A leg that ends is released once, with the reason its end has; a retriever's is no business of this table.
//   T3. A leg that talks with somebody is abandoned by nobody when it ends, however late its join is told of here.
//   T4. Bounded: past maxCalls no call is taken.
import type { Clock, Random } from '@parkade/clock';
import type { EslEvent } from '@parkade/esl';
import { newRequestId } from '@parkade/ids';
import { type Park, ParkState, Reason, ReleaseCause } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { ParkApi } from './park-api.js';

/** Moves of a call that are followed when it ends; past it the next reconciliation finds its slot. */
const MAX_MOVES = 16;

/** Whoever takes a call out of its slot has told this table by then. */
const SLOTLESS_MS = 1_000;

export interface ParkOfCall {
  readonly tenantId: string;
  readonly parkId: string;
  readonly lotId: string;
  readonly slot: string;
  /** Who parked it; empty: not known. */
  readonly parker: string;
  /** A reservation is held by its parker's own call. */
  readonly reserved: boolean;
}

/** What is kept of a park. */
export function ofPark({ tenantId, parkId, lotId, slot, parker, state }: Park): ParkOfCall {
  return { tenantId, parkId, lotId, slot, parker: parker?.extension ?? '', reserved: state === ParkState.RESERVED };
}

interface Entry {
  park: ParkOfCall | undefined;
  /** The cause it ended with. */
  ended: string | undefined;
  /** It talks with whoever fetches it. */
  talks: boolean;
  /** Its hold audio was not taken. */
  silent?: boolean;
  /** Its mark was not taken. */
  unmarked?: boolean;
  /** Since when no slot has it, in monotonic ms. */
  slotless?: number | undefined;
}

export interface ParkedCallsDeps {
  readonly api: Pick<ParkApi, 'release'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly maxCalls: number;
  /** A parked call is with somebody, or gone; undefined: its park is not known yet. */
  readonly left?: ((legId: string, park: ParkOfCall | undefined) => void) | undefined;
}

export class ParkedCalls {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly deps: ParkedCallsDeps) {}

  get size(): number {
    return this.#entries.size;
  }

  has(legId: string): boolean {
    return this.#entries.has(legId);
  }

  park(legId: string): ParkOfCall | undefined {
    return this.#entries.get(legId)?.park;
  }

  /** Whether it talks with somebody, as its last events say. */
  talks(legId: string): boolean {
    return this.#entries.get(legId)?.talks === true;
  }

  /** Nobody knows whether it hears hold audio. */
  hearsNothing(legId: string): void {
    const entry = this.#entries.get(legId);
    if (entry !== undefined) entry.silent = true;
  }

  /** Whether hold audio is to be played to it again; asked once. */
  takeSilence(legId: string): boolean {
    const entry = this.#entries.get(legId);
    const silent = entry?.silent === true;
    if (entry !== undefined) entry.silent = false;
    return silent;
  }

  /** A slot has it, or may have. */
  hasSlot(legId: string): void {
    const entry = this.#entries.get(legId);
    if (entry !== undefined) entry.slotless = undefined;
  }

  /** No slot has it, says who has just looked; whether that was so some time ago already, and not for a moment only. */
  isLeft(legId: string): boolean {
    const entry = this.#entries.get(legId);
    if (entry?.park === undefined) return false;
    const nowMs = this.deps.clock.monotonicMs();
    entry.slotless ??= nowMs;
    return nowMs - entry.slotless >= SLOTLESS_MS;
  }

  /** Watches a leg. False: there are too many. */
  watch(legId: string): boolean {
    if (this.#entries.has(legId)) return true;
    if (this.#entries.size >= this.deps.maxCalls) return false;
    this.#entries.set(legId, { park: undefined, ended: undefined, talks: false });
    return true;
  }

  /** The leg is parked now. False: it had hung up before, and is released. */
  parked(legId: string, park: ParkOfCall): boolean {
    const entry = this.#entries.get(legId) ?? { park: undefined, ended: undefined, talks: false };
    entry.park = park;
    entry.slotless = undefined;
    if (entry.ended === undefined) {
      this.#entries.set(legId, entry);
      return true;
    }
    this.#entries.delete(legId);
    // Where it talked by then (T3), whoever fetched it says so.
    if (!entry.talks) void this.release(legId, park, entry.ended);
    return false;
  }

  /** The leg is parked no more, or never was: it is with somebody, or on its way elsewhere. */
  leave(legId: string): void {
    const park = this.park(legId);
    if (this.#entries.delete(legId)) this.deps.left?.(legId, park);
  }

  /** Whether the switch is known to have the mark of the park on the leg; without it nobody can fetch the call. */
  marked(legId: string, isMarked: boolean): void {
    const entry = this.#entries.get(legId);
    if (entry !== undefined) entry.unmarked = !isMarked;
  }

  /** The park it is known to be marked with. */
  markedPark(legId: string): ParkOfCall | undefined {
    const entry = this.#entries.get(legId);
    return entry?.unmarked === true ? undefined : entry?.park;
  }

  onEvent(event: EslEvent): void {
    const legId = event.channelUuid ?? '';
    switch (event.name) {
      case 'CHANNEL_BRIDGE':
        this.#talks(legId, true);
        return this.#talks(event.get('Other-Leg-Unique-ID') ?? '', true);
      case 'CHANNEL_PARK':
        return this.#talks(legId, false);
      case 'CHANNEL_HANGUP':
        return this.#hungUp(legId, event.get('Hangup-Cause') ?? 'NORMAL_CLEARING');
      default:
        return;
    }
  }

  #talks(legId: string, talks: boolean): void {
    const entry = this.#entries.get(legId);
    if (entry !== undefined) entry.talks = talks;
  }

  #hungUp(legId: string, cause: string): void {
    const entry = this.#entries.get(legId);
    if (entry === undefined) return;
    if (entry.park === undefined) entry.ended = cause;
    else {
      this.leave(legId);
      if (!entry.talks) void this.release(legId, entry.park, cause);
    }
  }

  /** Frees a slot whose call is proven gone. What could not be told now is found by the next reconciliation. */
  async release(
    legId: string,
    { tenantId, parkId, reserved }: Pick<ParkOfCall, 'tenantId' | 'parkId' | 'reserved'>,
    hangUpCause: string,
  ): Promise<void> {
    const { api, clock, random, log } = this.deps;
    // The transfer hangs its parker up before the caller arrives.
    const transferred = reserved && hangUpCause === 'ATTENDED_TRANSFER';
    const cause = transferred ? ReleaseCause.TRANSFER : ReleaseCause.ABANDONED;
    // A park that was moved goes on under another id: that one is freed.
    for (let id: string | undefined = parkId, moves = 0; id !== undefined && moves <= MAX_MOVES; moves++) {
      const requestId = newRequestId(clock.nowMs(), random);
      const answer = await api.release({ requestId, tenantId, parkId: id, cause, callId: legId });
      if (!answer.ok && !answer.known) log.warn('a slot could not be freed yet', { parkId, message: answer.message });
      id = !answer.ok && answer.reason === Reason.PARK_ENDED ? answer.metadata['park_id'] : undefined;
    }
  }
}
