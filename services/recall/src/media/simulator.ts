import type { Clock, Timer } from '@parkade/clock';
import type { CallRef } from '@parkade/proto';
import type { CancelCause, Contacts, Exit, LegFact, LegNews } from '../machine/index.js';
import {
  ANSWERED_MS,
  type ConnectResult,
  type LegRef,
  type LegRequest,
  type MediaPort,
  type ParkName,
  type TransferResult,
  type User,
} from './port.js';

/** What a phone does when it rings, after so many ms; absent: it rings until it is stopped. */
export interface Habit {
  readonly news: LegNews;
  readonly afterMs: number;
}

/** What the simulator was asked to do, in order. */
export type MediaDeed =
  | { readonly kind: 'ring'; readonly atMs: number; readonly request: LegRequest }
  | { readonly kind: 'cancel'; readonly atMs: number; readonly legId: string; readonly cause: CancelCause }
  | {
      readonly kind: 'connect' | 'hold' | 'hangup';
      readonly atMs: number;
      readonly call: string;
      readonly legId: string;
    }
  | { readonly kind: 'transfer'; readonly atMs: number; readonly call: string; readonly exit: Exit };

interface Leg {
  readonly request: LegRequest;
  state: 'ringing' | 'answered' | 'connected';
  timer: Timer | undefined;
}

/**
 * Media nodes without media, in this process: phones answer, refuse, are busy, time out and hang up when they are told to, or
 * by their habits. Deterministic: time comes from the clock, nothing is random. Keeps the promises of `MediaPort`.
 */
export class MediaSimulator implements MediaPort {
  /** Everything asked for. */
  readonly deeds: MediaDeed[] = [];
  /** A leg id that was rung while it existed: never, if recalls are right. */
  doubled = 0;
  /** Hears of each deed. */
  onDeed: (deed: MediaDeed) => void = () => undefined;
  readonly #phones = new Map<string, Contacts>();
  readonly #habits = new Map<string, Habit>();
  readonly #legs = new Map<string, Leg>();
  readonly #left = new Map<string, 'connected' | 'transferred' | 'ended'>();
  readonly #listeners = new Set<(legId: string, news: LegNews) => void>();
  /** Whether connecting fails. */
  broken = false;

  constructor(private readonly clock: Clock) {}

  /** Registers a user's contacts; `habits` by contact. */
  register(tenantId: string, extension: string, contacts: readonly string[], habits: Record<string, Habit> = {}): void {
    this.#phones.set(`${tenantId}/${extension}`, { contacts, busy: false });
    for (const contact of contacts) {
      const habit = habits[contact];
      if (habit === undefined) this.#habits.delete(`${tenantId}/${contact}`);
      else this.#habits.set(`${tenantId}/${contact}`, habit);
    }
  }

  setBusy(tenantId: string, extension: string, busy: boolean): void {
    const phone = this.#phones.get(`${tenantId}/${extension}`);
    if (phone !== undefined) this.#phones.set(`${tenantId}/${extension}`, { ...phone, busy });
  }

  /** The legs that ring or are answered now. */
  get legs(): readonly LegRequest[] {
    return [...this.#legs.values()].map(({ request }) => request);
  }

  /** Something happens to the leg at this contact: to the one that was rung last. False when there is none. */
  act(contact: string, news: LegNews): boolean {
    const leg = [...this.#legs.values()].reverse().find(({ request }) => request.contact === contact);
    if (leg === undefined) return false;
    this.#news(leg, news);
    return true;
  }

  /** The parked call hangs up. */
  callerHangsUp(callId: string): void {
    this.#left.set(callId, 'ended');
  }

  /** Where a call is that is not held any more. */
  whereIs(callId: string): 'held' | 'connected' | 'transferred' | 'ended' {
    return this.#left.get(callId) ?? 'held';
  }

  /** Somebody else connects the parked call; whether it was held until now. */
  takeElsewhere(callId: string): boolean {
    if (this.#left.has(callId)) return false;
    this.#left.set(callId, 'connected');
    return true;
  }

  contacts({ tenantId, userId, extension }: User): Promise<Contacts> {
    const phone = this.#phones.get(`${tenantId}/${extension}`) ?? this.#phones.get(`${tenantId}/${userId}`);
    return Promise.resolve(phone ?? { contacts: [], busy: false });
  }

  ring(request: LegRequest): void {
    this.#did({ kind: 'ring', atMs: this.clock.nowMs(), request });
    if (this.#legs.has(request.legId)) {
      this.doubled++;
      return;
    }
    const leg: Leg = { request, state: 'ringing', timer: undefined };
    this.#legs.set(request.legId, leg);
    const habit = this.#habits.get(`${request.tenantId}/${request.contact}`);
    const first = habit !== undefined && habit.afterMs < request.ringMs ? habit : undefined;
    leg.timer = this.clock.setTimer(first?.afterMs ?? request.ringMs, () =>
      this.#news(leg, first?.news ?? 'no-answer'),
    );
  }

  cancel({ legId }: LegRef, cause: CancelCause): void {
    const leg = this.#legs.get(legId);
    if (leg === undefined || leg.state === 'connected') return;
    this.#did({ kind: 'cancel', atMs: this.clock.nowMs(), legId, cause });
    this.#remove(leg);
  }

  exists({ legId, parkId }: LegRef): Promise<LegFact> {
    const leg = this.#legs.get(legId);
    if (leg === undefined) return Promise.resolve('missing');
    return Promise.resolve(leg.request.parkId === parkId ? leg.state : 'foreign');
  }

  connect({ legId }: LegRef, call: CallRef): Promise<ConnectResult> {
    const leg = this.#legs.get(legId);
    if (leg?.state === 'connected') return Promise.resolve('connected');
    if (this.whereIs(call.callId) === 'ended') return Promise.resolve('caller-gone');
    if (leg?.state !== 'answered' || this.broken || this.#left.has(call.callId)) return Promise.resolve('failed');
    leg.state = 'connected';
    leg.timer?.cancel();
    this.#left.set(call.callId, 'connected');
    this.#did({ kind: 'connect', atMs: this.clock.nowMs(), call: call.callId, legId });
    return Promise.resolve('connected');
  }

  transfer(_park: ParkName, { callId }: CallRef, exit: Exclude<Exit, { to: 'wait' }>): Promise<TransferResult> {
    const where = this.whereIs(callId);
    if (where === 'ended') return Promise.resolve('gone');
    if (where !== 'held') return Promise.resolve('not-held');
    if (this.broken) return Promise.resolve('failed');
    this.#left.set(callId, 'transferred');
    this.#did({ kind: 'transfer', atMs: this.clock.nowMs(), call: callId, exit });
    return Promise.resolve('done');
  }

  hold({ callId }: CallRef): void {
    this.#did({ kind: 'hold', atMs: this.clock.nowMs(), call: callId, legId: '' });
  }

  hangup(_park: ParkName, { callId }: CallRef): void {
    if (this.#left.has(callId)) return;
    this.#did({ kind: 'hangup', atMs: this.clock.nowMs(), call: callId, legId: '' });
    this.#left.set(callId, 'ended');
  }

  onLeg(listener: (legId: string, news: LegNews) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #news(leg: Leg, news: LegNews): void {
    if (this.#legs.get(leg.request.legId) !== leg || leg.state === 'connected') return;
    if (news === 'answered') {
      if (leg.state !== 'ringing') return;
      leg.state = 'answered';
      leg.timer?.cancel();
      leg.timer = this.clock.setTimer(ANSWERED_MS, () => this.#news(leg, 'hung-up'));
    } else this.#remove(leg);
    for (const listener of this.#listeners) listener(leg.request.legId, news);
  }

  #remove(leg: Leg): void {
    leg.timer?.cancel();
    this.#legs.delete(leg.request.legId);
  }

  #did(deed: MediaDeed): void {
    this.deeds.push(deed);
    this.onDeed(deed);
  }
}
