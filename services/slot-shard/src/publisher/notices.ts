import type { Clock } from '@parkade/clock';
import type { PublisherObserver } from './observer.js';
import type { Sender } from './sender.js';

export interface NoticesConfig {
  readonly instance: string;
  readonly maxNotices: number;
}

/** Tells of what is no transition, once and in no order; what does not get through is dropped, and counted. */
export class Notices {
  #sent = 0;
  #inFlight = 0;

  constructor(
    readonly config: NoticesConfig,
    readonly sender: Sender,
    readonly clock: Clock,
    readonly observer: PublisherObserver,
  ) {}

  send(tenant: string, reason: string, data: Readonly<Record<string, string>>): void {
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
}
