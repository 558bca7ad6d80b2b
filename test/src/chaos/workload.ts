import type { Operation, Outcome, Request } from '@parkade/checker';
import { callUnary } from '@parkade/cli';
import { type Random, SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import {
  Consistency,
  GetSlotRequest,
  MoveParkRequest,
  ParkRequest,
  type ParkServiceClient,
  type Park,
  Reason,
  ReleaseRequest,
  RetrieveRequest,
} from '@parkade/proto';
import { callFailure } from '@parkade/rpc';

const clock = new SystemClock();
const ids = new SystemRandom();
const TENANT = 'acme';

/** Slots whose every answer is checked. */
export const CHECKED_SLOTS = ['701', '702', '703', '704'] as const;
const MOVED_SLOTS = ['801', '802'] as const;
const VIP_SLOTS = ['1', '2'] as const;
const CHOICE_SLOTS = ['1', '2', '3', '4'] as const;
/** A hold, and as much again. */
const STUCK_MS = 20_000;

type Kind = Request['kind'];
type Told = { readonly park: Park } | { readonly saw: string | undefined } | { readonly refused: Reason } | 'unknown';

interface Attempt {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly told: Told;
}

interface Known {
  readonly parkId: string;
  readonly call: string;
  readonly slot: string;
}

/** What a client may be told although nobody knows, or nobody says, what became of its request. */
const UNKNOWN: ReadonlySet<Reason> = new Set([
  Reason.DEADLINE,
  Reason.NO_OWNER,
  Reason.STORE_UNAVAILABLE,
  Reason.OVERLOADED,
  Reason.DRAINING,
]);

/** Clients that park, retrieve, release, look and move at random, ask again where they heard nothing, and write it all down. */
export class Workload {
  readonly history: Operation[] = [];
  readonly requests: Request[] = [];
  /** Answers that nobody should get. */
  readonly odd: string[] = [];
  #known: Known[] = [];
  #calls = 0;
  #over = false;

  constructor(
    private readonly clients: readonly ParkServiceClient[],
    private readonly random: Random,
    /** The first gateway is only asked for what is in a slot: an owner it alone still knows hears no writes. */
    private readonly looksApart = false,
  ) {}

  /** Runs `count` clients at once until `stop`. */
  async run(count: number): Promise<void> {
    const client = async (number: number): Promise<void> => {
      while (!this.#over) {
        await this.#step(number);
        await new Promise((resolve) => setTimeout(resolve, this.random.next() * 10));
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
    const client = this.#pick(this.clients);
    await Promise.all(
      slots.map(async (slot) => {
        const request = GetSlotRequest.fromPartial({ tenantId: TENANT, slot, consistency: Consistency.FENCED });
        await callUnary(client.getSlot.bind(client), request, STUCK_MS, clock).catch((error: unknown) => {
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
    const park = await this.#request('park', slot, call, (requestId) => {
      const target = { kind: { $case: 'slot', value: { lotId: 'default', slot } } } as const;
      const request = parkRequest(requestId, call, target);
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    if (park !== undefined) this.#remember({ parkId: park.parkId, call, slot });
  }

  async #retrieve(slot: string, known: Known | undefined): Promise<void> {
    await this.#request('retrieve', slot, known?.call, (requestId) => {
      const from =
        known === undefined
          ? ({ $case: 'slot', value: { lotId: 'default', slot } } as const)
          : ({ $case: 'parkId', value: known.parkId } as const);
      const retriever = { mediaNode: 'node-1', callId: `phone-${++this.#calls}` };
      const request = RetrieveRequest.fromPartial({ requestId, tenantId: TENANT, from, retriever });
      return (client, timeoutMs) => callUnary(client.retrieve.bind(client), request, timeoutMs, clock);
    });
  }

  async #release(slot: string, { parkId, call }: Known): Promise<void> {
    await this.#request('release', slot, call, (requestId) => {
      const request = ReleaseRequest.fromPartial({ requestId, tenantId: TENANT, parkId });
      return (client, timeoutMs) => callUnary(client.release.bind(client), request, timeoutMs, clock);
    });
  }

  async #stepMoves(): Promise<void> {
    const call = `moved-${++this.#calls}`;
    const from = this.#pick(MOVED_SLOTS);
    const target = { kind: { $case: 'slot', value: { lotId: 'default', slot: from } } } as const;
    const parked = await this.#unchecked('park', (requestId) => {
      const request = parkRequest(requestId, call, target);
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    if (parked === undefined) return this.#clear('default', from);
    const slot = { lotId: 'vip', slot: this.#pick(VIP_SLOTS) };
    const moved = await this.#unchecked('move', (requestId) => {
      const request = MoveParkRequest.fromPartial({ requestId, tenantId: TENANT, parkId: parked.parkId, slot });
      return (client, timeoutMs) => callUnary(client.movePark.bind(client), request, timeoutMs, clock);
    });
    await (moved === undefined ? this.#clear('default', from) : this.#clear(slot.lotId, slot.slot));
  }

  async #stepChoices(): Promise<void> {
    const call = `any-${++this.#calls}`;
    const target = { kind: { $case: 'lot', value: { lotId: 'wide', selection: 0, maxSlotNumber: 0 } } } as const;
    await this.#unchecked('park', (requestId) => {
      const request = parkRequest(requestId, call, target);
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    const lotId = this.#pick(['wide', 'wide', 'spare']);
    if (this.random.next() < 0.8) await this.#clear(lotId, this.#pick(CHOICE_SLOTS));
  }

  async #clear(lotId: string, slot: string): Promise<void> {
    await this.#unchecked('retrieve', (requestId) => {
      const from = { $case: 'slot', value: { lotId, slot } } as const;
      const retriever = { mediaNode: 'node-1', callId: `phone-${++this.#calls}` };
      const request = RetrieveRequest.fromPartial({ requestId, tenantId: TENANT, from, retriever });
      return (client, timeoutMs) => callUnary(client.retrieve.bind(client), request, timeoutMs, clock);
    });
  }

  async #look(slot: string): Promise<Told> {
    const request = GetSlotRequest.fromPartial({
      tenantId: TENANT,
      slot: { lotId: 'default', slot },
      consistency: Consistency.FENCED,
    });
    const client = this.#pick(this.looksApart ? this.clients.slice(0, 1) : this.clients);
    const attempt = await attemptOf(async () => {
      const response = await callUnary(client.getSlot.bind(client), request, 3_000, clock);
      return { saw: response.slot?.parks[0]?.call?.callId };
    });
    const { askedAt, answeredAt, told } = attempt;
    if (told !== 'unknown' && 'saw' in told) {
      const outcome = { kind: 'saw', call: told.saw } as const;
      this.history.push({ name: 'look', slot, action: { kind: 'get' }, outcome, askedAt, answeredAt });
    }
    return told;
  }

  /** A request on a checked slot: its attempts become operations of the history. */
  async #request(
    kind: 'park' | 'retrieve' | 'release',
    slot: string,
    call: string | undefined,
    make: Make,
  ): Promise<Park | undefined> {
    const { requestId, attempts, park } = await this.#ask(kind, make);
    const action = kind === 'park' || kind === 'release' ? { kind, call: call ?? '' } : ({ kind, call } as const);
    const done = attempts.filter(({ told }) => told !== 'unknown' && 'park' in told);
    const asked = Math.min(...attempts.map(({ askedAt }) => askedAt));
    const base = { slot, action };
    for (const { told, askedAt, answeredAt } of attempts) {
      if (told === 'unknown' || !('refused' in told)) continue;
      const outcome = refusalOutcome(told.refused);
      if (outcome === undefined) this.odd.push(`${requestId} ${kind} was refused: ${Reason[told.refused]}`);
      else this.history.push({ ...base, name: `${requestId} refused`, outcome, askedAt, answeredAt });
    }
    if (park !== undefined) {
      const answeredAt = Math.min(...done.map((attempt) => attempt.answeredAt));
      const outcome = { kind: 'done', call: park.call?.callId ?? '' } as const;
      this.history.push({ ...base, name: requestId, outcome, askedAt: asked, answeredAt });
    } else if (attempts.some(({ told }) => told === 'unknown')) {
      this.history.push({
        ...base,
        name: requestId,
        outcome: { kind: 'unknown' },
        askedAt: asked,
        answeredAt: Infinity,
      });
    }
    return park;
  }

  async #unchecked(kind: Kind, make: Make): Promise<Park | undefined> {
    return (await this.#ask(kind, make)).park;
  }

  /** Asks, perhaps twice at once, and again through the other gateway while nothing was heard. */
  async #ask(
    kind: Kind,
    make: Make,
  ): Promise<{ requestId: string; attempts: readonly Attempt[]; park: Park | undefined }> {
    const requestId = newRequestId(clock.nowMs(), ids);
    const send = make(requestId);
    const { random, looksApart } = this;
    const clients = looksApart ? this.clients.slice(1) : this.clients;
    let at = Math.floor(random.next() * clients.length);
    const attempts: Attempt[] = [];
    const one = async (): Promise<void> => {
      const client = clients[at++ % clients.length];
      if (client === undefined) throw new Error('there are no gateways');
      const timeoutMs = 100 + random.next() * 1_400;
      attempts.push(await attemptOf(async () => ({ park: parkOf(await send(client, timeoutMs)) })));
    };
    await (random.next() < 0.15 ? Promise.all([one(), one()]) : one());
    const retries = random.next() < 0.1 ? 0 : 4;
    for (let i = 0; i < retries && attempts.every(({ told }) => told === 'unknown'); i++) await one();
    // What was answered is answered the same when it is asked again.
    if (random.next() < 0.1) await one();
    const parks = attempts.flatMap(({ told }) => (told !== 'unknown' && 'park' in told ? [told.park] : []));
    const [park] = parks;
    const others = [...new Set(parks.map(({ parkId }) => parkId))].filter((parkId) => parkId !== park?.parkId);
    const refused = attempts.every(({ told }) => told !== 'unknown' && 'refused' in told);
    this.requests.push({ requestId, kind, parkId: park?.parkId, others, refused });
    return { requestId, attempts, park };
  }

  #remember(known: Known): void {
    this.#known = [...this.#known.slice(-20), known];
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random.next() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

type Send = (client: ParkServiceClient, timeoutMs: number) => Promise<{ readonly park: Park | undefined }>;
type Make = (requestId: string) => Send;

async function attemptOf(act: () => Promise<Told>): Promise<Attempt> {
  const askedAt = performance.now();
  let told: Told;
  try {
    told = await act();
  } catch (error) {
    const { reason } = callFailure(error);
    told = reason === undefined || UNKNOWN.has(reason) ? 'unknown' : { refused: reason };
  }
  return { askedAt, answeredAt: performance.now(), told };
}

function refusalOutcome(reason: Reason): Outcome | undefined {
  switch (reason) {
    case Reason.SLOT_OCCUPIED:
      return { kind: 'occupied' };
    case Reason.CALL_ALREADY_PARKED:
      return { kind: 'parked-already' };
    case Reason.SLOT_EMPTY:
      return { kind: 'empty' };
    case Reason.PARK_ENDED:
    case Reason.PARK_NOT_FOUND:
      return { kind: 'ended' };
    default:
      return undefined;
  }
}

function parkRequest(requestId: string, callId: string, target: NonNullable<ParkRequest['target']>): ParkRequest {
  return ParkRequest.fromPartial({ requestId, tenantId: TENANT, target, call: { mediaNode: 'node-1', callId } });
}

function parkOf({ park }: { readonly park: Park | undefined }): Park {
  if (park === undefined) throw new Error('the answer names no park');
  return park;
}
