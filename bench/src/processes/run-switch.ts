import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { type Channel, parkDialplan, SimulatedSwitch } from '@parkade/media-simulator';
import { Latencies } from './latencies.js';
import type { Running } from './messages.js';

/** Whose phones are at the switch. */
export const SWITCH_TENANT = 'acme';
export const SWITCH_DOMAIN = 'acme.example';
/** The lot's slots: numbers of the dial plan. */
export const SWITCH_SLOTS = { first: 30_000, last: 34_999 } as const;

export interface SwitchLoad {
  /** So many calls are parked first, as fast as a few at a time allow, and stay. */
  readonly parked: number;
  /** Then so many are parked and so many fetched, each second, whatever becomes of those before. */
  readonly perSecond: number;
  readonly seconds: number;
}

export interface SwitchLoadResult {
  readonly parks: number;
  readonly retrieves: number;
  /** Calls that were not where they were to be within 10 s. */
  readonly failed: number;
  /** From the transfer to the code until the leg carries the mark of its durable park. */
  readonly parkMs: readonly [p50: number, p99: number];
  /** From the retriever's call until the two talk. */
  readonly retrieveMs: readonly [p50: number, p99: number];
  readonly allMs: readonly [p50: number, p99: number];
}

const FILLING_AT_A_TIME = 8;
const GIVEN_UP_AFTER_MS = 10_000;
const TALK_MS = 200;
/** Before a slot is used again: the fetched call's end is told by then. */
const REST_MS = 3_000;
const LOOK_EVERY_MS = 1;

/** A simulated FreeSWITCH with the phones of one tenant, and the load on them. Its address is its Event Socket. */
export async function runSwitch(): Promise<Running> {
  let listener = 0;
  const config = {
    name: 'media-1',
    domain: SWITCH_DOMAIN,
    dialplan: parkDialplan({
      domain: SWITCH_DOMAIN,
      codes: /^3\d{4}$/,
      listeners: () => [`127.0.0.1:${listener}`],
    }),
  };
  const sim = await SimulatedSwitch.start(config, { clock: new SystemClock(), random: new SystemRandom() });
  for (const user of ['1001', '2001', '2002']) sim.phone(user);
  const calls = new Calls(sim);
  return {
    address: `127.0.0.1:${sim.port}`,
    answers: {
      route: (port) => {
        listener = port;
        return Promise.resolve(true as const);
      },
      calls: (load) => calls.run(load),
      queues: () => Promise.resolve({ parked: calls.parked, 'under way': calls.underWay }),
    },
  };
}

interface Waiting {
  readonly is: () => boolean;
  readonly sinceMs: number;
  readonly done: (ok: boolean) => void;
}

/** Calls between simulated phones, parked by transfer and fetched by dialling their slot. */
class Calls {
  readonly #free = Array.from({ length: SWITCH_SLOTS.last - SWITCH_SLOTS.first + 1 }, (_, i) => SWITCH_SLOTS.first + i);
  /** The longest parked first. */
  readonly #parked: { readonly slot: number; readonly leg: Channel }[] = [];
  readonly #waiting = new Set<Waiting>();
  #parkMs = new Latencies();
  #retrieveMs = new Latencies();
  #allMs = new Latencies();
  #failed = 0;

  constructor(private readonly sim: SimulatedSwitch) {
    setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  get parked(): number {
    return this.#parked.length;
  }

  get underWay(): number {
    return this.#waiting.size;
  }

  async run({ parked, perSecond, seconds }: SwitchLoad): Promise<SwitchLoadResult> {
    const fill = async (): Promise<void> => {
      while (this.#parked.length < parked) await this.#park();
    };
    await Promise.all(Array.from({ length: FILLING_AT_A_TIME }, fill));
    [this.#parkMs, this.#retrieveMs, this.#allMs] = [new Latencies(), new Latencies(), new Latencies()];
    this.#failed = 0;
    const started: Promise<void>[] = [];
    const startMs = performance.now();
    for (let i = 0; i < perSecond * seconds; i++) {
      await delay(Math.max(0, startMs + (i * 1_000) / perSecond - performance.now()));
      started.push(this.#park(), this.#retrieve());
    }
    await Promise.all(started);
    const both = (of: Latencies): readonly [number, number] => [of.quantile(0.5), of.quantile(0.99)];
    return {
      parks: this.#parkMs.count,
      retrieves: this.#retrieveMs.count,
      failed: this.#failed,
      parkMs: both(this.#parkMs),
      retrieveMs: both(this.#retrieveMs),
      allMs: both(this.#allMs),
    };
  }

  async #park(): Promise<void> {
    const slot = this.#free.shift();
    if (slot === undefined) throw new Error('every slot is taken');
    const leg = this.sim.call('2001', '1001');
    if (!(await this.#until(() => leg.peer !== undefined)) || leg.peer === undefined) return this.#fail();
    const sinceMs = performance.now();
    this.sim.transferBlind(leg.peer, String(slot));
    const ok = await this.#until(() => leg.variables.has('parkade_park'));
    if (!ok) return this.#fail();
    this.#took(this.#parkMs, sinceMs);
    this.#parked.push({ slot, leg });
  }

  async #retrieve(): Promise<void> {
    const oldest = this.#parked.shift();
    if (oldest === undefined) return this.#fail();
    const { slot, leg } = oldest;
    const sinceMs = performance.now();
    const taker = this.sim.call('2002', String(slot));
    const ok = await this.#until(() => leg.peer === taker);
    if (!ok) return this.#fail();
    this.#took(this.#retrieveMs, sinceMs);
    await delay(TALK_MS);
    this.sim.hangUp(taker);
    if (leg.isAlive) this.sim.hangUp(leg);
    setTimeout(() => this.#free.push(slot), REST_MS);
  }

  #took(latencies: Latencies, sinceMs: number): void {
    const tookMs = performance.now() - sinceMs;
    latencies.add(tookMs);
    this.#allMs.add(tookMs);
  }

  #fail(): void {
    this.#failed++;
  }

  #until(is: () => boolean): Promise<boolean> {
    return new Promise((done) => this.#waiting.add({ is, sinceMs: performance.now(), done }));
  }

  #look(): void {
    const nowMs = performance.now();
    for (const waiting of this.#waiting) {
      const is = waiting.is();
      if (!is && nowMs - waiting.sinceMs < GIVEN_UP_AFTER_MS) continue;
      this.#waiting.delete(waiting);
      waiting.done(is);
    }
  }
}
