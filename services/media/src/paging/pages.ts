// Phones that speak by themselves when a call is parked (R21).
//   P1. A page never touches the parked call: one that fails, or that nobody hears, changes nothing.
//   P2. It ends when the call is with somebody or gone, and after its limit; of each phone the switch itself ends it then, too.
//   P3. At most maxLegs phones are paged at a time; past that a call is parked without a page.
import type { Clock, Random, Timer } from '@parkade/clock';
import { randomUuid } from '@parkade/esl';
import type { Log } from '@parkade/rpc';
import type { PageSettings } from '@parkade/settings';
import type { NodeSwitch } from '../switch/node-switch.js';
import { pageDialString } from './page-dial.js';

/** What is paged for a parked call. */
export interface PageOf {
  readonly slot: string;
  readonly domain: string;
  readonly settings: PageSettings;
  /** What is said, as the switch names it; empty: nothing. */
  readonly sound: string;
}

export interface PagesDeps {
  readonly sw: NodeSwitch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly maxLegs: number;
}

interface Page {
  readonly legs: Set<string>;
  limit: Timer | undefined;
}

/** Beyond the time a phone is paged, for the answer of the switch, in ms. */
const MARGIN_MS = 5_000;

export class Pages {
  readonly #pages = new Map<string, Page>();
  #legs = 0;

  constructor(private readonly deps: PagesDeps) {}

  /** Pages phones for the call `callId`. Once a call: what runs for it goes on. */
  start(callId: string, about: PageOf): void {
    const { clock, random, log, maxLegs } = this.deps;
    const { extensions, limit_ms: limitMs, auto_answer: autoAnswer } = about.settings;
    if (this.#pages.has(callId)) return;
    if (this.#legs + extensions.length > maxLegs) return log.warn('nobody is paged: too many are', { callId });
    const page: Page = { legs: new Set(), limit: undefined };
    this.#pages.set(callId, page);
    page.limit = clock.setTimer(limitMs, () => this.end(callId));
    for (const extension of extensions) {
      const leg = { legId: randomUuid(random), extension, domain: about.domain, slot: about.slot, limitMs, autoAnswer };
      const dialString = pageDialString(leg);
      if (dialString !== undefined) void this.#ring(page, leg.legId, dialString, about.sound, limitMs);
    }
  }

  /** The call is with somebody, or gone; or the page has lasted long enough. */
  end(callId: string): void {
    const page = this.#pages.get(callId);
    if (page === undefined) return;
    this.#pages.delete(callId);
    page.limit?.cancel();
    for (const legId of page.legs) void this.deps.sw.kill(legId, 'NORMAL_CLEARING');
  }

  /** Nothing more is done; what rings ends by itself. */
  close(): void {
    for (const { limit } of this.#pages.values()) limit?.cancel();
    this.#pages.clear();
  }

  async #ring(page: Page, legId: string, dialString: string, sound: string, limitMs: number): Promise<void> {
    const { sw } = this.deps;
    page.legs.add(legId);
    this.#legs++;
    const answered = await sw.originate(dialString, limitMs + MARGIN_MS);
    this.#legs--;
    if (!answered.ok) return void page.legs.delete(legId);
    if (![...this.#pages.values()].includes(page)) await sw.kill(legId, 'NORMAL_CLEARING');
    else if (sound !== '') await sw.announce(legId, sound);
  }
}
