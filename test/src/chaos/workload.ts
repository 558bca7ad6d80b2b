import { type Attempt, attemptOf, type Operation, refusalOutcome, type Request, type Told } from '@parkade/checker';
import { callUnary } from '@parkade/cli';
import { type Random, sleep, SystemClock, SystemRandom } from '@parkade/clock';
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

/** The lots that a tenant of the workload has. */
export const WORKLOAD_LOTS = {
  default: { any_slot: true },
  vip: { any_slot: true },
  spare: { ranges: [{ first: '1', last: '2' }] },
  wide: { ranges: [{ first: '1', last: '4' }], spread: 2, overflow_lot_id: 'spare', presence_prefix: 'wide*' },
  /** Its calls come back after a second, and ring for one. */
  back: {
    any_slot: true,
    ringback_timeout_ms: 1_000,
    callback_timeout_ms: 1_000,
    recall: { retry_interval_ms: 1_000 },
  },
};

/** How a workload differs from the simplest one. */
export interface WorkloadOptions {
  /** The first gateway is only asked for what is in a slot: an owner it alone still knows hears no writes. */
  readonly looksApart?: boolean | undefined;
  /** Whose slots it works on, each of its clients at all of them; default `acme`. */
  readonly tenants?: readonly string[];
  /** The longest pause between two requests of a client; default 10 ms. */
  readonly pauseMs?: number;
  /** One client more, whose calls come back (needs recall processes). */
  readonly recalls?: boolean;
  /** Ask until an answer comes, but for some; default: five times. A long outage then leaves few outcomes unknown. */
  readonly persists?: boolean;
}

/** Slots whose every answer is checked. */
export const CHECKED_SLOTS = ['701', '702', '703', '704'] as const;
const MOVED_SLOTS = ['801', '802'] as const;
const VIP_SLOTS = ['1', '2'] as const;
const CHOICE_SLOTS = ['1', '2', '3', '4'] as const;
const BACK_SLOTS = ['1', '2', '3'] as const;
/** Who persists asks so often, at the most: some minutes. */
const MAX_ASKED = 400;
/** A hold, and as much again. */
const STUCK_MS = 20_000;

type Kind = Request['kind'];
/** A slot of the lot `default` of a tenant. */
interface Place {
  readonly tenant: string;
  readonly slot: string;
}

interface Known extends Place {
  readonly parkId: string;
  readonly call: string;
}

/** A client that hears of a full store asks no sooner than this; it is told to wait for seconds. */
const FULL_PAUSE_MS = 500;

/** Clients that park, retrieve, release, look and move at random, ask again where they heard nothing, and write it all down. */
export class Workload {
  readonly history: Operation[] = [];
  readonly requests: Request[] = [];
  /** Answers that nobody should get. */
  readonly odd: string[] = [];
  readonly #tenants: readonly string[];
  readonly #looksApart: boolean;
  #known: Known[] = [];
  #calls = 0;
  #over = false;

  constructor(
    private readonly clients: readonly ParkServiceClient[],
    private readonly random: Random,
    private readonly options: WorkloadOptions = {},
  ) {
    this.#tenants = options.tenants ?? ['acme'];
    this.#looksApart = options.looksApart ?? false;
  }

  /** Runs `count` clients at once until `stop`. */
  async run(count: number): Promise<void> {
    const client = async (number: number): Promise<void> => {
      while (!this.#over) {
        await this.#step(number);
        await new Promise((resolve) => setTimeout(resolve, this.random.next() * (this.options.pauseMs ?? 10)));
      }
    };
    await Promise.all(Array.from({ length: count }, (_, number) => client(number)));
  }

  stop(): void {
    this.#over = true;
  }

  /** One look at every checked slot; each must answer in time, through one gateway or the other. */
  async lookAtAll(): Promise<void> {
    for (const tenant of this.#tenants) {
      for (const slot of CHECKED_SLOTS) {
        const endMs = performance.now() + STUCK_MS;
        let told = await this.#look({ tenant, slot });
        while (told === 'unknown' && performance.now() < endMs) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          told = await this.#look({ tenant, slot });
        }
        if (told === 'unknown') this.odd.push(`slot ${tenant}/${slot} does not answer`);
      }
    }
  }

  /** Asks for every slot that was not checked: one that is held for a move opens by itself after 10 s, none stays shut. */
  async findStuck(): Promise<void> {
    const slots = this.#tenants.flatMap((tenantId) => [
      ...MOVED_SLOTS.map((slot) => ({ tenantId, lotId: 'default', slot })),
      ...VIP_SLOTS.map((slot) => ({ tenantId, lotId: 'vip', slot })),
      ...CHOICE_SLOTS.map((slot) => ({ tenantId, lotId: 'wide', slot })),
    ]);
    const client = this.#pick(this.clients);
    await Promise.all(
      slots.map(async ({ tenantId, ...slot }) => {
        const request = GetSlotRequest.fromPartial({ tenantId, slot, consistency: Consistency.FENCED });
        await callUnary(client.getSlot.bind(client), request, STUCK_MS, clock).catch((error: unknown) => {
          this.odd.push(`slot ${tenantId}/${slot.lotId}/${slot.slot} is stuck: ${callFailure(error).message}`);
        });
      }),
    );
  }

  async #step(number: number): Promise<void> {
    // Some of the clients play where answers cannot be checked one by one: moves, automatic choices, recalls.
    const tenant = this.#pick(this.#tenants);
    if (number === 0) return this.#stepMoves(tenant);
    if (number === 1) return this.#stepChoices(tenant);
    if (number === 2 && this.options.recalls === true) return this.#stepRecalls(tenant);
    const place = { tenant, slot: this.#pick(CHECKED_SLOTS) };
    // Where looks are what an owner is tried by, they are half of all and more.
    const draw = this.#looksApart && this.random.next() < 0.5 ? 1 : this.random.next();
    const known = this.#known.filter((each) => each.slot === place.slot && each.tenant === tenant).at(-1);
    if (draw < 0.4) return this.#park(place);
    if (draw < 0.6) return this.#retrieve(place, undefined);
    if (draw < 0.75 && known !== undefined) return this.#retrieve(place, known);
    if (draw < 0.85 && known !== undefined) return this.#release(known);
    await this.#look(place);
  }

  async #park(place: Place): Promise<void> {
    const call = `call-${++this.#calls}`;
    const park = await this.#request('park', place, call, (requestId) => {
      const request = parkRequest(requestId, place.tenant, call, inSlot('default', place.slot));
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    if (park !== undefined) this.#remember({ ...place, parkId: park.parkId, call });
  }

  async #retrieve(place: Place, known: Known | undefined): Promise<void> {
    await this.#request('retrieve', place, known?.call, (requestId) => {
      const from =
        known === undefined
          ? ({ $case: 'slot', value: { lotId: 'default', slot: place.slot } } as const)
          : ({ $case: 'parkId', value: known.parkId } as const);
      const retriever = { mediaNode: 'node-1', callId: `phone-${++this.#calls}` };
      const request = RetrieveRequest.fromPartial({ requestId, tenantId: place.tenant, from, retriever });
      return (client, timeoutMs) => callUnary(client.retrieve.bind(client), request, timeoutMs, clock);
    });
  }

  async #release({ parkId, call, ...place }: Known): Promise<void> {
    await this.#request('release', place, call, (requestId) => {
      const request = ReleaseRequest.fromPartial({ requestId, tenantId: place.tenant, parkId });
      return (client, timeoutMs) => callUnary(client.release.bind(client), request, timeoutMs, clock);
    });
  }

  async #stepMoves(tenant: string): Promise<void> {
    const call = `moved-${++this.#calls}`;
    const from = this.#pick(MOVED_SLOTS);
    const parked = await this.#unchecked('park', (requestId) => {
      const request = parkRequest(requestId, tenant, call, inSlot('default', from));
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    if (parked === undefined) return this.#clear(tenant, 'default', from);
    const slot = { lotId: 'vip', slot: this.#pick(VIP_SLOTS) };
    const moved = await this.#unchecked('move', (requestId) => {
      const request = MoveParkRequest.fromPartial({ requestId, tenantId: tenant, parkId: parked.parkId, slot });
      return (client, timeoutMs) => callUnary(client.movePark.bind(client), request, timeoutMs, clock);
    });
    await (moved === undefined ? this.#clear(tenant, 'default', from) : this.#clear(tenant, slot.lotId, slot.slot));
  }

  async #stepChoices(tenant: string): Promise<void> {
    const call = `any-${++this.#calls}`;
    const target = { kind: { $case: 'lot', value: { lotId: 'wide', selection: 0, maxSlotNumber: 0 } } } as const;
    await this.#unchecked('park', (requestId) => {
      const request = parkRequest(requestId, tenant, call, target);
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    const lotId = this.#pick(['wide', 'wide', 'spare']);
    if (this.random.next() < 0.8) await this.#clear(tenant, lotId, this.#pick(CHOICE_SLOTS));
  }

  /** Parks where calls come back, and takes some call or other of those that ring by now. */
  async #stepRecalls(tenant: string): Promise<void> {
    const call = `back-${++this.#calls}`;
    await this.#unchecked('park', (requestId) => {
      const request = parkRequest(requestId, tenant, call, inSlot('back', this.#pick(BACK_SLOTS)));
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, clock);
    });
    await new Promise((resolve) => setTimeout(resolve, this.random.next() * 800));
    if (this.random.next() < 0.4) await this.#clear(tenant, 'back', this.#pick(BACK_SLOTS));
  }

  async #clear(tenantId: string, lotId: string, slot: string): Promise<void> {
    await this.#unchecked('retrieve', (requestId) => {
      const from = { $case: 'slot', value: { lotId, slot } } as const;
      const retriever = { mediaNode: 'node-1', callId: `phone-${++this.#calls}` };
      const request = RetrieveRequest.fromPartial({ requestId, tenantId, from, retriever });
      return (client, timeoutMs) => callUnary(client.retrieve.bind(client), request, timeoutMs, clock);
    });
  }

  async #look({ tenant, slot }: Place): Promise<Told> {
    const request = GetSlotRequest.fromPartial({
      tenantId: tenant,
      slot: { lotId: 'default', slot },
      consistency: Consistency.FENCED,
    });
    const client = this.#pick(this.#looksApart ? this.clients.slice(0, 1) : this.clients);
    const attempt = await attemptOf(clock, async () => {
      const response = await patient(callUnary(client.getSlot.bind(client), request, 3_000, clock));
      return { saw: response.slot?.parks[0]?.call?.callId };
    });
    const { askedAt, answeredAt, told } = attempt;
    if (told !== 'unknown' && 'saw' in told) {
      const outcome = { kind: 'saw', call: told.saw } as const;
      const base = { name: 'look', slot: `${tenant}/${slot}`, action: { kind: 'get' } } as const;
      this.history.push({ ...base, outcome, askedAt, answeredAt });
    }
    return told;
  }

  /** A request on a checked slot: its attempts become operations of the history. */
  async #request(
    kind: 'park' | 'retrieve' | 'release',
    { tenant, slot }: Place,
    call: string | undefined,
    make: Make,
  ): Promise<Park | undefined> {
    const { requestId, attempts, park } = await this.#ask(kind, make);
    const action = kind === 'park' || kind === 'release' ? { kind, call: call ?? '' } : ({ kind, call } as const);
    const done = attempts.filter(({ told }) => told !== 'unknown' && 'park' in told);
    const asked = Math.min(...attempts.map(({ askedAt }) => askedAt));
    const base = { slot: `${tenant}/${slot}`, action };
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
    const { random } = this;
    const clients = this.#looksApart ? this.clients.slice(1) : this.clients;
    let at = Math.floor(random.next() * clients.length);
    const attempts: Attempt[] = [];
    const one = async (): Promise<void> => {
      const client = clients[at++ % clients.length];
      if (client === undefined) throw new Error('there are no gateways');
      const timeoutMs = 100 + random.next() * 1_400;
      attempts.push(await attemptOf(clock, async () => ({ park: parkOf(await patient(send(client, timeoutMs))) })));
    };
    await (random.next() < 0.15 ? Promise.all([one(), one()]) : one());
    const retries = random.next() < 0.1 ? 0 : this.options.persists === true ? MAX_ASKED : 4;
    for (let i = 0; i < retries && attempts.every(({ told }) => told === 'unknown'); i++) {
      if (i >= 4) await new Promise((resolve) => setTimeout(resolve, random.next() * 500));
      await one();
    }
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

/** Waits a little after it was told that the store is full. */
async function patient<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (callFailure(error).reason === Reason.STORE_FULL) await sleep(clock, FULL_PAUSE_MS);
    throw error;
  }
}

type Target = NonNullable<ParkRequest['target']>;

function inSlot(lotId: string, slot: string): Target {
  return { kind: { $case: 'slot', value: { lotId, slot } } };
}

function parkRequest(requestId: string, tenantId: string, callId: string, target: Target): ParkRequest {
  return ParkRequest.fromPartial({ requestId, tenantId, target, call: { mediaNode: 'node-1', callId } });
}

function parkOf({ park }: { readonly park: Park | undefined }): Park {
  if (park === undefined) throw new Error('the answer names no park');
  return park;
}
