import type { Clock } from '@parkade/clock';
import type { PublisherObserver } from './observer.js';
import type { Sender } from './sender.js';

export interface NoticesConfig {
  readonly instance: string;
  readonly maxNotices: number;
}

/** The same is told again after this long: whoever asks for room again and again is not heard as often. */
const SAME_AGAIN_MS = 1_000;
/** What was told lately; past it all of it is forgotten. */
const MAX_LATELY = 1_000;

/** Tells of what is no transition, once and in no order; what does not get through is dropped, and counted. */
export class Notices {
  #sent = 0;
  #inFlight = 0;
  /** What was told lately, and when, monotonic ms. */
  readonly #lately = new Map<string, number>();

  constructor(
    readonly config: NoticesConfig,
    readonly sender: Sender,
    readonly clock: Clock,
    readonly observer: PublisherObserver,
  ) {}

  send(tenant: string, reason: string, data: Readonly<Record<string, string>>): void {
    if (this.#wasTold(JSON.stringify([tenant, reason, data]))) return;
    if (this.#inFlight >= this.config.maxNotices) {
      this.observer.noticeDropped();
      return;
    }
    const id = `notice/${this.config.instance}/${++this.#sent}`;
    this.#inFlight++;
    void this.sender.notice({ id, tenant, reason, at_ms: this.clock.nowMs(), data }).then((sent) => {
      this.#inFlight--;
      if (sent === 'again') this.observer.noticeDropped();
    });
  }

  #wasTold(what: string): boolean {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - (this.#lately.get(what) ?? -Infinity) < SAME_AGAIN_MS) return true;
    if (this.#lately.size >= MAX_LATELY) this.#lately.clear();
    this.#lately.set(what, nowMs);
    return false;
  }
}
