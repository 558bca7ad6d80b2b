// A phone is rung for a parked call, because somebody has asked for the call there (at the board).
//   K1. Until the phone has answered nothing is done with the call: whoever takes it meanwhile has it, and the phone stops.
//   K2. A phone that has answered is one that came to fetch the call (retrieving.ts, G1 to G3).
//   K3. It hangs on nothing, and rings for nobody: a phone carries RETRIEVE_VARIABLE until it has the call; one that nobody is at any
//       more is ended by the next reconciliations (reconcile.ts, X3), where it has answered also by the switch. Whoever rang it may ask
//       again, whom to join it with, for NOBODYS_MS.
//   K4. A leg that exists is not dialled again, whoever is asked; at most maxLegs ring.
import { type Actor, type CallRef, MediaControl, type Park } from '@parkade/proto';
import { legDialString } from '../legs/dial-string.js';
import { dial, endDialled, legFact } from '../legs/dialling.js';
import type { LegRef } from '../legs/types.js';
import { type RingFailure, ringFailure } from '../switch/causes.js';
import { RETRIEVE_VARIABLE } from '../switch/park-mark.js';
import { type NodeContext } from './context.js';
import { parkNow } from './park-look.js';
import { fetchInto, type FetchedInto } from './retrieving.js';
import { domainOf } from './tenant-rules.js';

export interface FetchRequest extends LegRef {
  readonly tenantId: string;
  readonly extension: string;
  readonly ringMs: number;
  /** Who wants it there, for the audit. */
  readonly by?: Actor | undefined;
}

/** `gone`: it is not parked any more; `in-use`: somebody else is taking it. */
export type Fetched = FetchedInto | RingFailure | 'gone' | 'in-use';

/** Beyond the time a phone rings, for the answer of the switch. */
const RING_MARGIN_MS = 5_000;

/** So long a phone rings on whose process is gone, for whoever has it rung to ask the next one. */
const NOBODYS_MS = 2_000;
/** No phone rings for longer. */
const FORGOTTEN_MS = 180_000;

interface Ringing {
  readonly callId: string;
  /** The call was taken, or has ended. */
  isOver: boolean;
  /** The switch was asked to dial it, and has neither connected it nor given up. */
  isDialled: boolean;
}

export class Fetching {
  readonly #asked = new Map<string, Promise<Fetched | undefined>>();
  readonly #ringing = new Map<string, Ringing>();
  /** Since when phones are known to ring that nobody is at, in monotonic ms. */
  readonly #nobodys = new Map<string, number>();

  constructor(private readonly context: NodeContext) {}

  /** A phone rings that was rung for a call: whether nobody has been at it for a while. */
  isNobodys(legId: string): boolean {
    if (this.has(legId)) return false;
    const nowMs = this.context.clock.monotonicMs();
    for (const [id, sinceMs] of this.#nobodys) if (nowMs - sinceMs > FORGOTTEN_MS) this.#nobodys.delete(id);
    const sinceMs = this.#nobodys.get(legId) ?? nowMs;
    this.#nobodys.set(legId, sinceMs);
    return nowMs - sinceMs >= NOBODYS_MS;
  }

  /** Phones that are rung, or about to be joined. */
  get size(): number {
    return this.#asked.size;
  }

  /** Whether something is being done with a leg here. */
  has(legId: string): boolean {
    return this.#asked.has(legId);
  }

  /** Resolves when it is over; undefined: nothing was done, or it can be gone on with, by whoever asks again. */
  fetch(request: FetchRequest): Promise<Fetched | undefined> {
    const { legId } = request;
    const asked = this.#asked.get(legId);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= this.context.config.limits.maxLegs) return Promise.resolve('failed');
    const fetched = this.#fetch(request).finally(() => this.#asked.delete(legId));
    this.#asked.set(legId, fetched);
    return fetched;
  }

  /** The call is parked no more: what rings for it stops. */
  left(callId: string): void {
    const { sw, clock } = this.context;
    for (const [legId, ringing] of this.#ringing) {
      if (ringing.callId !== callId) continue;
      ringing.isOver = true;
      void endDialled(sw, clock, legId, 'LOSE_RACE', () => ringing.isDialled);
    }
  }

  async #fetch(request: FetchRequest): Promise<Fetched | undefined> {
    const { log } = this.context;
    const { legId, parkId, extension, by } = request;
    const park = await this.#parkOf(request);
    if (park === undefined || typeof park === 'string') return park;
    log.info('a phone is rung for a parked call', { legId, parkId, extension });
    const rung = await this.#ring(request, park);
    if (rung !== 'answered') return rung;
    return fetchInto(this.context, { legId, extension, park, by });
  }

  /** The park, where its call waits at this node. */
  async #parkOf({ tenantId, parkId }: FetchRequest): Promise<Park | 'gone' | 'failed' | undefined> {
    const park = await parkNow(this.context, { tenantId, parkId });
    if (typeof park === 'string') return park === 'none' ? 'gone' : undefined;
    const isOurs = park.call?.mediaNode === this.context.node && park.mediaControl === MediaControl.CLUSTER;
    return isOurs ? park : 'failed';
  }

  async #ring(request: FetchRequest, { call }: Park): Promise<'answered' | Fetched | undefined> {
    const dialString = this.#dialString(request, call);
    if (dialString === undefined) return 'failed';
    const { legId } = request;
    const ringing: Ringing = { callId: call?.callId ?? '', isOver: false, isDialled: false };
    this.#ringing.set(legId, ringing);
    const told = await this.#rung(request, dialString, ringing);
    this.#ringing.delete(legId);
    return told;
  }

  /** Undefined: there is nobody who could be dialled by this extension. */
  #dialString(request: FetchRequest, call: CallRef | undefined): string | undefined {
    const { tenantId, parkId, extension } = request;
    const domain = domainOf(this.context.config, tenantId);
    if (!isExtension(extension) || domain === undefined) return undefined;
    const contact = `user/${extension}@${domain}`;
    const presentation = { name: call?.callerName ?? '', number: call?.callerNumber ?? '', alertInfo: '' };
    return legDialString({ ...request, contact, presentation, followForwarding: false }, [[RETRIEVE_VARIABLE, parkId]]);
  }

  /** What becomes of the leg, which may have been dialled before (K4); undefined: the switch cannot be asked. */
  async #rung(
    { legId, parkId, ringMs }: FetchRequest,
    dialString: string,
    ringing: Ringing,
  ): Promise<'answered' | Fetched | undefined> {
    const { sw } = this.context;
    const limitMs = ringMs + RING_MARGIN_MS;
    const waited = sw.waits.wait<'answered' | RingFailure>(limitMs, (event) => {
      if (event.channelUuid !== legId) return undefined;
      if (event.name === 'CHANNEL_HANGUP') return ringFailure(event.get('Hangup-Cause') ?? '');
      return event.name === 'CHANNEL_PARK' ? 'answered' : undefined;
    });
    const fact = await legFact(sw, { legId, parkId });
    if (fact !== 'missing' && fact !== 'ringing') {
      waited.end();
      return fact === 'foreign' ? 'failed' : fact === 'unknown' ? undefined : fact;
    }
    let failure: RingFailure | undefined;
    if (fact === 'missing') {
      ringing.isDialled = true;
      void dial(sw, legId, dialString, limitMs).then((why) => {
        ringing.isDialled = false;
        failure = why;
        if (why !== undefined) waited.end();
      });
    }
    const told = (await waited.result) ?? failure ?? 'unknown';
    return ringing.isOver && told !== 'answered' ? 'gone' : told;
  }
}

/** Whether it can be a user of the switch, and of no other domain. */
function isExtension(text: string): boolean {
  return /^[A-Za-z0-9_.+-]{1,64}$/.test(text);
}
