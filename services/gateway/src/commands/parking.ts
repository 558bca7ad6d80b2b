import { HOLDING_LOT, homeShard, partShard } from '@parkade/ids';
import { type ChoiceRoute, OnOccupied, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { type LotSettings, MAX_SPREAD } from '@parkade/settings';
import type { Deadline } from '../deadline.js';
import type { Cluster } from '../ports.js';
import type { Asker, Delivery } from '../routing/delivery.js';
import type { Order } from '../routing/order.js';
import type { OwnerAnswer } from '../routing/owner-answer.js';
import type { Lots } from '../settings/lots.js';

/** A command that may be led on from where it was sent first. */
export interface Arrival {
  readonly tenantId: string;
  readonly requestId: string;
  /** The lot it names; undefined: none (a group, a park). */
  readonly lot: LotSettings | undefined;
  /** `choose`: any slot of the lot will do. `slot`: this one, else as `onOccupied` says. `complete`: a reservation's. */
  readonly kind: 'choose' | 'slot' | 'complete';
  /** The part of its lot that the slot it names is in; absent: 0, the home's. */
  readonly part?: number | undefined;
  /** What happens when the slot is taken. */
  readonly onOccupied: OnOccupied;
  /** The reservation that is completed. */
  readonly parkId?: string | undefined;
  /** Whether the call is held when there is no slot for it. */
  readonly holdIfFull?: boolean | undefined;
}

const FULL: ReadonlySet<Reason> = new Set([Reason.LOT_FULL, Reason.MAX_SLOT_EXCEEDED, Reason.QUOTA_EXCEEDED]);
/** The lot takes no calls any more: a reservation in it was accepted all the same. */
const GONE: ReadonlySet<Reason> = new Set([Reason.DISABLED, Reason.LOT_NOT_FOUND]);
const TAKEN: ReadonlySet<Reason> = new Set([Reason.SLOT_OCCUPIED, Reason.SLOT_RESERVED, Reason.SLOT_RETRIEVING]);

/** Where a command stands on its way. */
interface Way {
  order: Order;
  lotId: string;
  /** The order that came to the lot first, and the part it asked: there it is recorded how it goes on. */
  base: Order;
  firstPart: number;
  /** Decisions of the base followed so far. */
  step: number;
  lots: number;
  holding: boolean;
}

/**
 * Parks a call that may have to go on to another part of its lot, to an overflow lot, or to the holding lot.
 *
 *   G1. It goes on only where an owner durably recorded that it does (`route`): a replay goes the same way. In each lot that is the
 *       shard which was asked first: the lot's home, or for a slot that was named the one of its part.
 *   G2. "Full", and that what is free lies beyond the highest number allowed, is said only after that shard said so, or where there is
 *       no other part and no overflow lot. Then a call that is to be held goes on from there; one that an owner refused, from that owner.
 *   G3. It passes through at most `maxLots` lots and, in each, every part once.
 */
export class Parking {
  constructor(
    private readonly maxLots: number,
    private readonly cluster: Cluster,
    private readonly lots: Lots,
    private readonly delivery: Delivery,
  ) {}

  /** Parks it; see `Delivery.begin`. */
  begin(first: Order, arrival: Arrival, deadline: Deadline, asker: Asker<OwnerAnswer>): void {
    this.delivery.begin(first, deadline, {
      answered: (answer) => {
        if (isEnd(answer, arrival)) return asker.answered(answer);
        this.#lead(first, arrival, answer, deadline).then(
          (last) => asker.answered(last),
          (error: unknown) => asker.failed(error),
        );
      },
      failed: (error) => asker.failed(error),
    });
  }

  /** Goes on from the first answer for as long as there is somewhere to go. */
  async #lead(
    first: Order,
    arrival: Arrival,
    answered: OwnerAnswer | Refused,
    deadline: Deadline,
  ): Promise<OwnerAnswer | Refused> {
    const lotId = arrival.lot?.lot_id ?? '';
    const from = { order: first, base: first, lotId, firstPart: arrival.part ?? 0 };
    const way: Way = { ...from, step: 0, lots: 1, holding: false };
    const maxHops = this.maxLots * (MAX_SPREAD + 2);
    let answer = answered;
    /** Whether it is told nothing free by the base, and not by an owner that was asked for a slot. */
    let isOver = false;
    for (let hop = 0; hop < maxHops; hop++) {
      if (answer instanceof Refused) {
        if (way.holding || !canBeHeld(arrival, answer.reason)) return answer;
        way.holding = true;
        const [asked, step] = isOver || way.order === way.base ? [way.base, way.step + 1] : [way.order, 1];
        answer = await this.#ask(way, arrival, asked, { step, holding: true, beyondMax: 0 }, deadline);
      } else if (answer.kind === 'partFull') {
        const beyondMax = this.#full(way, answer);
        isOver = !this.#goesOn(way, arrival);
        answer = isOver
          ? nothingFree(way.lotId, beyondMax)
          : await this.#ask(way, arrival, way.base, { step: way.step + 1, holding: false, beyondMax }, deadline);
      } else {
        const result = answer.kind === 'route' ? answer.result() : undefined;
        if (result?.$case !== 'route') return answer;
        const full = this.#follow(way, arrival, result.value);
        isOver = full !== undefined;
        answer = full ?? (await this.delivery.deliver(way.order, deadline));
      }
    }
    return lotFull(way.lotId);
  }

  /** Asks for a decision where the call goes on, under the stop that it follows (lot and part): that is how the answer is found again. */
  #ask(
    { lotId, firstPart }: Way,
    { tenantId, requestId, parkId = '' }: Arrival,
    order: Order,
    asked: { readonly step: number; readonly holding: boolean; readonly beyondMax: number },
    deadline: Deadline,
  ): Promise<OwnerAnswer | Refused> {
    const value = { requestId, tenantId, lotId, parkId, firstPart, ...asked };
    return this.delivery.deliver({ ...order, op: { $case: 'routeChoice', value } }, deadline);
  }

  /** What a full part says of itself: what is beyond its highest number (see `PartFull`), and, where a completion asked it, which it is. */
  #full(way: Way, answer: OwnerAnswer): number {
    const result = answer.result();
    if (result?.$case !== 'partFull') return 0;
    const { beyondMax, lotId, part } = result.value;
    if (lotId !== undefined) Object.assign(way, { lotId, firstPart: part ?? 0 });
    return beyondMax;
  }

  /** Takes the way that was decided; refused when that is none. */
  #follow(way: Way, { tenantId, kind }: Arrival, route: ChoiceRoute): Refused | undefined {
    const { shardCount } = this.cluster;
    way.step = route.step;
    if (way.lotId === '') Object.assign(way, { lotId: route.ofLotId ?? '', firstPart: route.firstPart ?? 0 });
    const kept = route.reserved === undefined ? {} : { reserved: route.reserved };
    switch (route.to?.$case) {
      case 'part': {
        const part = route.to.value;
        // A lot that is named tells the owner that any slot of the part will do, whatever slot the request names.
        const lotId = kind === 'choose' ? way.base.lotId : way.lotId;
        way.order = { ...way.order, ...kept, shard: partShard(tenantId, way.lotId, part, shardCount), part, lotId };
        return undefined;
      }
      case 'lotId': {
        const lotId = route.to.value;
        if (lotId === way.lotId) throw new Error(`lot ${lotId} was routed to itself`);
        if (++way.lots > this.maxLots) return lotFull(way.lotId);
        way.lotId = lotId;
        way.firstPart = 0;
        way.step = 0;
        way.holding ||= lotId === HOLDING_LOT;
        way.base = { ...way.order, ...kept, shard: homeShard(tenantId, lotId, shardCount), part: 0, lotId };
        way.order = way.base;
        return undefined;
      }
      case 'full':
      case undefined:
        return nothingFree(way.lotId, route.beyondMax);
    }
  }

  /** Whether a full part leaves anything to try. A lot that is not known here may have an overflow lot: its home knows. */
  #goesOn(way: Way, arrival: Arrival): boolean {
    if (way.lotId === '' || way.lotId === HOLDING_LOT) return false;
    const lot = this.lots.known(arrival.tenantId, way.lotId);
    if (lot === undefined) return true;
    return lot.spread > 1 || lot.overflow_lot_id !== undefined;
  }
}

/** Whether nothing can follow it, wherever the call was led before. */
function isEnd(answer: OwnerAnswer | Refused, arrival: Arrival): boolean {
  if (answer instanceof Refused) return !canBeHeld(arrival, answer.reason);
  return answer.kind !== 'partFull' && answer.kind !== 'route';
}

function canBeHeld({ kind, onOccupied, holdIfFull }: Arrival, reason: Reason): boolean {
  if (holdIfFull === true && FULL.has(reason)) return true;
  if (kind === 'complete') return FULL.has(reason) || GONE.has(reason);
  return kind === 'slot' && onOccupied === OnOccupied.RING_PARKER && TAKEN.has(reason);
}

/** `beyondMax`: the highest number allowed, where there are free slots beyond it; 0: there are none. */
function nothingFree(lotId: string, beyondMax: number): Refused {
  if (beyondMax === 0) return lotFull(lotId);
  const message = `Every free slot of lot ${lotId} lies beyond the highest number allowed.`;
  return new Refused(Reason.MAX_SLOT_EXCEEDED, message, { lot_id: lotId, max_slot_number: String(beyondMax) });
}

function lotFull(lotId: string): Refused {
  const message = 'Every slot of the lot, and of its overflow lots, is taken.';
  return new Refused(Reason.LOT_FULL, message, lotId === '' ? {} : { lot_id: lotId });
}
