// The ringing legs of one node.
//   L1. A leg id is dialled once at most: one that is known here, or exists at the switch, is only listened to.
//   L2. A leg is told of as answered when it waits in park, so that connecting it is safe from then on.
//   L3. Exactly one end is told of a leg that was not cancelled and not connected, whichever of event, job result or look
//       shows it first.
//   L4. At most maxLegs are known.
//   L5. A leg that was answered and got no call ends by itself, by the switch: whoever rang it may be gone.
import type { Clock } from '@parkade/clock';
import type { EslEvent } from '@parkade/esl';
import { type RingFailure, ringFailure } from '../switch/causes.js';
import { join, type Joined } from '../switch/joining.js';
import type { NodeSwitch } from '../switch/node-switch.js';
import { NO_MARK, type ParkMark } from '../switch/park-mark.js';
import { legDialString } from './dial-string.js';
import { dial, endDialled, legFact } from './dialling.js';
import type { Happening, LegFact, LegRef, LegRequest } from './types.js';

interface KnownLeg {
  readonly parkId: string;
  state: 'ringing' | 'answered' | 'connected';
}

export interface NodeLegsDeps {
  readonly sw: NodeSwitch;
  readonly clock: Clock;
  readonly tell: (legId: string, news: Happening) => void;
  /** Hold audio for a parked call. */
  readonly hold: (callId: string) => Promise<void>;
  /** Asks the slot's owner whether a call is this park's, and a leg that is rung for it may have it. */
  readonly isRungFor: (tenantId: string, parkId: string, callId: string, legId: string) => Promise<boolean>;
  /** A parked call talks with somebody. */
  readonly joined: (callId: string) => void;
  readonly maxLegs: number;
}

/** Beyond the time a leg rings, for the answer of the switch, in ms. */
const RING_MARGIN_MS = 10_000;

export class NodeLegs {
  readonly #legs = new Map<string, KnownLeg>();
  /** Those that are about to be dialled, or that the switch was asked to and has neither connected nor given up. */
  readonly #dialled = new Set<string>();

  constructor(private readonly deps: NodeLegsDeps) {}

  get size(): number {
    return this.#legs.size;
  }

  /** Resolves when the leg was asked for; what becomes of it is told. False: nobody knows whether it exists, and nothing was done. */
  async ring(request: LegRequest): Promise<boolean> {
    const { legId, parkId } = request;
    if (this.#legs.has(legId)) return true;
    const dialString = legDialString(request);
    if (dialString === undefined || this.#legs.size >= this.deps.maxLegs) {
      this.deps.tell(legId, 'failed');
      return true;
    }
    this.#legs.set(legId, { parkId, state: 'ringing' });
    this.#dialled.add(legId);
    const fact = await this.find(request);
    if (fact === 'missing' && this.#legs.has(legId)) {
      void this.#dial(legId, dialString, request.ringMs);
      return true;
    }
    this.#dialled.delete(legId);
    if (fact === 'unknown') this.#legs.delete(legId);
    else if (fact === 'answered') this.#answered(legId);
    else if (fact === 'foreign') this.#ended(legId, 'failed');
    return fact !== 'unknown';
  }

  /** Ends a leg without a word, unless it has the call. False: it may be there still. */
  async cancel({ legId, parkId }: LegRef, answeredElsewhere: boolean): Promise<boolean> {
    const known = this.#legs.get(legId);
    const fact = known?.state ?? (await this.find({ legId, parkId, mediaNode: '' }));
    if (fact === 'connected' || fact === 'foreign') return true;
    return this.#end(legId, answeredElsewhere ? 'LOSE_RACE' : 'ORIGINATOR_CANCEL');
  }

  /**
   * The call of a park is being fetched, or gone: what rings for it ends without a word (R15). Whoever has answered is told by who rang
   * him.
   */
  endRinging(parkId: string): void {
    for (const [legId, leg] of [...this.#legs]) {
      if (leg.parkId === parkId && leg.state === 'ringing') void this.#end(legId, 'LOSE_RACE');
    }
  }

  /** How a leg stands at the switch; a leg of this park is listened to from then on. */
  async find({ legId, parkId }: LegRef): Promise<LegFact> {
    const fact = await legFact(this.deps.sw, { legId, parkId });
    if (fact === 'unknown' || fact === 'missing' || fact === 'foreign') return fact;
    if (!this.#legs.has(legId)) this.#legs.set(legId, { parkId, state: fact });
    return fact;
  }

  /** As `find`; one that is being dialled may not be at the switch yet. */
  async stateOf(leg: LegRef): Promise<LegFact> {
    const fact = await this.find(leg);
    const known = this.#legs.get(leg.legId);
    return fact === 'missing' && known?.parkId === leg.parkId && known.state === 'ringing' ? 'ringing' : fact;
  }

  async connect({ legId, parkId }: LegRef, callId: string): Promise<Joined> {
    const known = this.#legs.get(legId);
    const { sw, hold, joined } = this.deps;
    const before = known?.state;
    // Its hang-up belongs to the join from here on.
    if (known !== undefined) known.state = 'connected';
    const isHis = ({ tenantId }: ParkMark): Promise<boolean> => this.deps.isRungFor(tenantId, parkId, callId, legId);
    const result = await join(sw, { takerId: legId, callId, parkId, isHis, revision: 0, bothWait: false }, () =>
      hold(callId),
    );
    if (result === 'connected') {
      joined(callId);
      await sw.setVariables(callId, NO_MARK);
    } else if (known !== undefined && before !== undefined) known.state = before;
    return result;
  }

  onEvent(event: EslEvent): void {
    const legId = event.channelUuid ?? '';
    const leg = this.#legs.get(legId);
    if (leg === undefined) return;
    if (event.name === 'CHANNEL_PARK') this.#answered(legId);
    else if (event.name === 'CHANNEL_HANGUP') {
      const failure = ringFailure(event.get('Hangup-Cause') ?? '');
      this.#ended(legId, leg.state === 'ringing' ? failure : 'hung-up');
    }
  }

  /** The connection is back: what happened to the legs meanwhile is found out. */
  async onUp(): Promise<void> {
    for (const [legId, { parkId, state }] of [...this.#legs]) {
      const fact = await this.find({ legId, parkId, mediaNode: '' });
      // One that has been asked for since is not there yet.
      if (fact === 'missing' && this.#dialled.has(legId)) continue;
      if (fact === 'missing') this.#ended(legId, state === 'ringing' ? 'failed' : 'hung-up');
      else if (fact === 'answered') this.#answered(legId);
    }
  }

  async #dial(legId: string, dialString: string, ringMs: number): Promise<void> {
    const failure = await dial(this.deps.sw, legId, dialString, ringMs + RING_MARGIN_MS);
    this.#dialled.delete(legId);
    if (failure !== undefined) this.#ended(legId, failure);
  }

  #end(legId: string, cause: string): Promise<boolean> {
    const { sw, clock } = this.deps;
    this.#legs.delete(legId);
    return endDialled(sw, clock, legId, cause, () => this.#dialled.has(legId));
  }

  #answered(legId: string): void {
    const leg = this.#legs.get(legId);
    if (leg?.state !== 'ringing') return;
    leg.state = 'answered';
    this.deps.tell(legId, 'answered');
  }

  #ended(legId: string, news: RingFailure | 'hung-up'): void {
    const leg = this.#legs.get(legId);
    if (leg === undefined || !this.#legs.delete(legId) || leg.state === 'connected') return;
    this.deps.tell(legId, news);
  }
}
