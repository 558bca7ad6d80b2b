import { attemptOf, type Operation, refusalOutcome, type Told } from '@parkade/checker';
import { callUnary } from '@parkade/cli';
import type { Clock, Random } from '@parkade/clock';
import {
  Consistency,
  GetSlotRequest,
  MoveParkRequest,
  OnOccupied,
  ParkRequest,
  type ParkServiceClient,
  Reason,
  ReleaseRequest,
  RetrieveRequest,
} from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import type { Cluster } from '../world/cluster.js';
import { TENANT } from '../world/names.js';
import type { Trace } from '../world/trace.js';
import type { Asker, Kind, Make } from './asker.js';

/** Slots whose every answer is checked. */
const CHECKED_SLOTS = ['701', '702', '703', '704'] as const;
const MOVED_SLOTS = ['801', '802'] as const;
const VIP_SLOTS = ['1', '2'] as const;
const CHOICE_SLOTS = ['1', '2', '3', '4'] as const;
/** A hold, and as much again. */
const STUCK_MS = 20_000;
/** The longest thought between two requests of a client, and how long one is while all are in a hurry. */
const THOUGHT_MS = 6_000;
const HURRY_MS = 15;
/** Of every so many ms the first are in a hurry. */
const ROUND_MS = 10_000;
const HURRIED_MS = 60;

interface Known {
  readonly parkId: string;
  readonly call: string;
  readonly slot: string;
}

/** Clients that park, retrieve, release, look and move at random, ask again where they heard nothing, and write it all down. */
export class Workload {
  readonly history: Operation[] = [];
  /** Answers that nobody should get. */
  readonly odd: string[] = [];
  #known: Known[] = [];
  #calls = 0;
  #over = false;
  readonly #clients: readonly ParkServiceClient[];
  readonly #clock: Clock;
  readonly #trace: Trace;

  constructor(
    cluster: Cluster,
    private readonly random: Random,
    private readonly asker: Asker,
    private readonly how: {
      /** The first gateway is only asked for what is in a slot: an owner it alone still knows hears no writes. */
      readonly looksApart: boolean;
      /** A request that is asked again may be too old by then: nobody knows what became of it. */
      readonly forgetsSoon: boolean;
      /** Calls are held that find their lot full: where there are switches, they would have to know them. */
      readonly holds: boolean;
    },
  ) {
    this.#clients = cluster.clients;
    this.#clock = cluster.callers.clock;
    this.#trace = cluster.world.trace;
  }

  /** Runs `count` clients at once until `stop`. */
  async run(count: number): Promise<void> {
    const client = async (number: number): Promise<void> => {
      while (!this.#over) {
        await this.#step(number);
        const sinceMs = this.#clock.monotonicMs() % ROUND_MS;
        const thoughtMs = sinceMs < HURRIED_MS ? HURRY_MS : Math.min(THOUGHT_MS, ROUND_MS - sinceMs);
        await this.#wait(this.random.next() * thoughtMs);
      }
    };
    await Promise.all(Array.from({ length: count }, (_, number) => client(number)));
  }

  stop(): void {
    this.#over = true;
  }

  /** One look at every checked slot; each must answer by the fifth try. */
  async lookAtAll(): Promise<void> {
    for (const slot of CHECKED_SLOTS) {
      let told: Told = 'unknown';
      for (let i = 0; i < 5 && told === 'unknown'; i++) told = await this.#look(slot);
      if (told === 'unknown') this.odd.push(`slot ${slot} does not answer`);
    }
  }

  /** Asks for every slot that was not checked: one that is held for a move opens by itself after 10 s, none stays shut. */
  async findStuck(): Promise<void> {
    const slots = [
      ...MOVED_SLOTS.map((slot) => ({ lotId: 'default', slot })),
      ...VIP_SLOTS.map((slot) => ({ lotId: 'vip', slot })),
      ...CHOICE_SLOTS.map((slot) => ({ lotId: 'wide', slot })),
    ];
    const client = this.#pick(this.#clients);
    await Promise.all(
      slots.map(async (slot) => {
        const request = GetSlotRequest.fromPartial({ tenantId: TENANT, slot, consistency: Consistency.FENCED });
        await callUnary(client.getSlot.bind(client), request, STUCK_MS, this.#clock).catch((error: unknown) => {
          this.odd.push(`slot ${slot.lotId}/${slot.slot} is stuck: ${callFailure(error).message}`);
        });
      }),
    );
  }

  async #step(number: number): Promise<void> {
    // Two of the clients play where answers cannot be checked one by one: moves and automatic choices.
    if (number === 0) return this.#stepMoves();
    if (number === 1) return this.#stepChoices();
    const slot = this.#pick(CHECKED_SLOTS);
    const draw = this.random.next();
    const known = this.#known.filter((each) => each.slot === slot).at(-1);
    if (draw < 0.4) return this.#park(slot);
    if (draw < 0.6) return this.#retrieve(slot, undefined);
    if (draw < 0.75 && known !== undefined) return this.#retrieve(slot, known);
    if (draw < 0.85 && known !== undefined) return this.#release(slot, known);
    await this.#look(slot);
  }

  async #park(slot: string): Promise<void> {
    const call = `call-${++this.#calls}`;
    const target = { kind: { $case: 'slot', value: { lotId: 'default', slot } } } as const;
    const park = await this.#request('park', slot, call, this.#parkOf(call, target));
    if (park !== undefined) this.#known = [...this.#known.slice(-20), { parkId: park.parkId, call, slot }];
  }

  async #retrieve(slot: string, known: Known | undefined): Promise<void> {
    const from =
      known === undefined
        ? ({ $case: 'slot', value: { lotId: 'default', slot } } as const)
        : ({ $case: 'parkId', value: known.parkId } as const);
    await this.#request('retrieve', slot, known?.call, this.#retrieveOf(from));
  }

  async #release(slot: string, { parkId, call }: Known): Promise<void> {
    await this.#request('release', slot, call, (requestId) => {
      const request = ReleaseRequest.fromPartial({ requestId, tenantId: TENANT, parkId });
      return (client, timeoutMs) => callUnary(client.release.bind(client), request, timeoutMs, this.#clock);
    });
  }

  async #stepMoves(): Promise<void> {
    const call = `moved-${++this.#calls}`;
    const from = this.#pick(MOVED_SLOTS);
    const target = { kind: { $case: 'slot', value: { lotId: 'default', slot: from } } } as const;
    const parked = (await this.asker.ask('park', 'park', this.#parkOf(call, target))).park;
    if (parked === undefined) return this.#clear('default', from);
    const slot = { lotId: 'vip', slot: this.#pick(VIP_SLOTS) };
    const { park: moved } = await this.asker.ask('move', 'move', (requestId) => {
      const request = MoveParkRequest.fromPartial({ requestId, tenantId: TENANT, parkId: parked.parkId, slot });
      return (client, timeoutMs) => callUnary(client.movePark.bind(client), request, timeoutMs, this.#clock);
    });
    await (moved === undefined ? this.#clear('default', from) : this.#clear(slot.lotId, slot.slot));
  }

  async #stepChoices(): Promise<void> {
    const call = `any-${++this.#calls}`;
    const any = { kind: { $case: 'lot', value: { lotId: 'wide', selection: 0, maxSlotNumber: 0 } } } as const;
    const named = { kind: { $case: 'slot', value: { lotId: 'wide', slot: this.#pick(CHOICE_SLOTS) } } } as const;
    const target = this.random.next() < 0.5 ? any : named;
    const holdIfFull = this.how.holds && this.random.next() < 0.5;
    const terms = { onOccupied: OnOccupied.NEXT_FREE, holdIfFull };
    await this.asker.ask('park', 'park', this.#parkOf(call, target, terms));
    const lotId = this.#pick(['wide', 'wide', 'spare']);
    if (this.random.next() < 0.5) await this.#clear(lotId, this.#pick(CHOICE_SLOTS));
  }

  async #clear(lotId: string, slot: string): Promise<void> {
    await this.asker.ask('retrieve', 'retrieve', this.#retrieveOf({ $case: 'slot', value: { lotId, slot } }));
  }

  async #look(slot: string): Promise<Told> {
    const request = GetSlotRequest.fromPartial({
      tenantId: TENANT,
      slot: { lotId: 'default', slot },
      consistency: Consistency.FENCED,
    });
    const client = this.#pick(this.how.looksApart ? this.#clients.slice(0, 1) : this.#clients);
    this.asker.commands++;
    const attempt = await attemptOf(this.#clock, async () => {
      const response = await callUnary(client.getSlot.bind(client), request, 3_000, this.#clock);
      return { saw: response.slot?.parks[0]?.call?.callId };
    });
    const { askedAt, answeredAt, told } = attempt;
    if (told !== 'unknown' && 'saw' in told) {
      this.#trace.say('client', `looked at ${slot}: ${told.saw ?? 'nobody'}`);
      const outcome = { kind: 'saw', call: told.saw } as const;
      this.history.push({ name: 'look', slot, action: { kind: 'get' }, outcome, askedAt, answeredAt });
    }
    return told;
  }

  /** A request on a checked slot: its attempts become operations of the history. */
  async #request(kind: Exclude<Kind, 'move'>, slot: string, call: string | undefined, make: Make) {
    const { requestId, attempts, park } = await this.asker.ask(kind, kind, make);
    const action = kind === 'park' || kind === 'release' ? { kind, call: call ?? '' } : ({ kind, call } as const);
    const done = attempts.filter(({ told }) => told !== 'unknown' && 'park' in told);
    const askedAt = Math.min(...attempts.map((attempt) => attempt.askedAt));
    const base = { slot, action };
    for (const { told, ...times } of attempts) {
      if (told === 'unknown' || !('refused' in told)) continue;
      const outcome = refusalOutcome(told.refused);
      if (told.refused === Reason.REQUEST_TOO_OLD && this.how.forgetsSoon) continue;
      if (outcome === undefined) this.odd.push(`${requestId} ${kind} was refused: ${Reason[told.refused]}`);
      else this.history.push({ ...base, name: `${requestId} refused`, outcome, ...times });
    }
    if (park !== undefined) {
      const answeredAt = Math.min(...done.map((attempt) => attempt.answeredAt));
      const outcome = { kind: 'done', call: park.call?.callId ?? '' } as const;
      this.history.push({ ...base, name: requestId, outcome, askedAt, answeredAt });
    } else if (attempts.some(({ told }) => told === 'unknown')) {
      this.history.push({ ...base, name: requestId, outcome: { kind: 'unknown' }, askedAt, answeredAt: Infinity });
    }
    return park;
  }

  #parkOf(
    callId: string,
    target: NonNullable<ParkRequest['target']>,
    terms: Partial<Pick<ParkRequest, 'onOccupied' | 'holdIfFull'>> = {},
  ): Make {
    return (requestId) => {
      const call = { mediaNode: 'node-1', callId };
      const request = ParkRequest.fromPartial({ requestId, tenantId: TENANT, target, call, ...terms });
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, this.#clock);
    };
  }

  #retrieveOf(from: NonNullable<RetrieveRequest['from']>): Make {
    const retriever = { mediaNode: 'node-1', callId: `phone-${++this.#calls}` };
    return (requestId) => {
      const request = RetrieveRequest.fromPartial({ requestId, tenantId: TENANT, from, retriever });
      return (client, timeoutMs) => callUnary(client.retrieve.bind(client), request, timeoutMs, this.#clock);
    };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(ms, resolve));
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random.next() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
