import type { Clock, Random } from '@parkade/clock';
import { type NotOwner, Reason } from '@parkade/proto';
import { draining, Refused } from '@parkade/rpc';
import type { GatewayLimits } from '../config.js';
import type { Deadline } from '../deadline.js';
import type { ShardDirectory, ShardOwner } from '../ports.js';
import { backOffMs } from './back-off.js';
import type { Order } from './order.js';
import type { OwnerAnswer } from './owner-answer.js';
import type { OwnerChanges } from './owner-changes.js';
import type { Outcome } from './owner-link.js';
import type { OwnerLinks } from './owner-links.js';

export interface DeliveryDeps {
  readonly directory: ShardDirectory;
  readonly links: OwnerLinks;
  readonly changes: OwnerChanges;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the gateway ends: whoever still waits hears DRAINING. */
  readonly stop: AbortSignal;
}

/** Told once how a command ended; `failed`: by a defect. Neither throws. */
export interface Asker<Answer> {
  answered(answer: Answer | Refused): void;
  failed(error: unknown): void;
}

/** What came of an attempt, and who was asked. */
interface Attempt {
  readonly address: string;
  readonly outcome: Outcome;
}

/**
 * Brings one command to whoever owns its shard.
 *
 *   D1. Every attempt sends the very same command (request id, fingerprint): the owner journals what it applied, so that more
 *       than one attempt has at most one effect.
 *   D2. It ends at the deadline: NO_OWNER when no attempt can have been delivered, else DEADLINE.
 *   D3. A hint is followed at once, at most `maxHints` in a row; anything else is tried again after a pause that ends early
 *       when the shard's owner changes.
 *   D4. An owner's own refusal is the answer; it is not tried again.
 */
export class Delivery {
  constructor(
    private readonly limits: GatewayLimits,
    private readonly deps: DeliveryDeps,
  ) {}

  /**
   * Brings it there. The first attempt, which nearly always is the only one, makes no promise: those of a command's way through
   * the gateway cost 4 µs of CPU.
   */
  begin(order: Order, deadline: Deadline, asker: Asker<OwnerAnswer>): void {
    const { directory, links, clock, stop } = this.deps;
    const address = directory.owner(order.shard)?.address;
    if (address === undefined || stop.aborted || clock.monotonicMs() >= deadline) {
      return this.#goOn(order, deadline, asker, undefined);
    }
    links.to(address).send(order, deadline, (outcome) => {
      if (outcome.kind === 'answer' && isFinal(outcome.answer)) asker.answered(outcome.answer);
      else this.#goOn(order, deadline, asker, { address, outcome });
    });
  }

  #goOn(order: Order, deadline: Deadline, asker: Asker<OwnerAnswer>, first: Attempt | undefined): void {
    this.#persist(order, deadline, first).then(
      (answer) => asker.answered(answer),
      (error: unknown) => asker.failed(error),
    );
  }

  deliver(order: Order, deadline: Deadline): Promise<OwnerAnswer | Refused> {
    return new Promise((resolve, reject) => {
      this.begin(order, deadline, { answered: resolve, failed: reject });
    });
  }

  /** Until it is answered or its time is over; `first`: what came of the first attempt, where there was one. */
  async #persist(order: Order, deadline: Deadline, first: Attempt | undefined): Promise<OwnerAnswer | Refused> {
    const { directory, clock, stop } = this.deps;
    let delivered = false;
    let attempt = 0;
    let hints = 0;
    let hinted: string | undefined;
    let made = first;
    while (made !== undefined || (clock.monotonicMs() < deadline && !stop.aborted)) {
      const address: string | undefined = made?.address ?? hinted ?? directory.owner(order.shard)?.address;
      hinted = undefined;
      if (address !== undefined) {
        const outcome: Outcome = made?.outcome ?? (await this.#attempt(address, order, deadline));
        made = undefined;
        switch (outcome.kind) {
          case 'answer': {
            const { answer } = outcome;
            if (isFinal(answer)) return answer;
            const result = answer.result();
            if (result?.$case === 'refusal') return Refused.from(result.value);
            if (result?.$case !== 'notOwner') return answer;
            hinted = hints < this.limits.maxHints ? this.#next(order.shard, address, result.value) : undefined;
            if (hinted === undefined) break;
            hints++;
            continue;
          }
          case 'full':
            return overloaded();
          case 'late':
            return outOfTime(delivered || outcome.sent);
          case 'lost':
            delivered = true;
            break;
          case 'unsent':
            break;
        }
      }
      hints = 0;
      await this.#pause(order.shard, address, attempt++, deadline);
    }
    return stop.aborted ? draining() : outOfTime(delivered);
  }

  #attempt(address: string, order: Order, deadline: Deadline): Promise<Outcome> {
    return new Promise((resolve) => this.deps.links.to(address).send(order, deadline, resolve));
  }

  /** Whom to ask at once after `asked` said that it is not the owner; undefined: nobody better is known yet. */
  #next(shard: number, asked: string, hint: NotOwner): string | undefined {
    const known: ShardOwner | undefined = this.deps.directory.owner(shard);
    const knownEpoch = known?.epoch ?? 0;
    if (hint.address !== '' && hint.address !== asked && hint.epoch >= knownEpoch) return hint.address;
    return known !== undefined && known.address !== asked ? known.address : undefined;
  }

  /** Waits a moment, or until the shard has another owner than the one asked. */
  async #pause(shard: number, asked: string | undefined, attempt: number, deadline: Deadline): Promise<void> {
    const { directory, changes, clock, random } = this.deps;
    const owner = directory.owner(shard)?.address;
    // It changed while we asked: go on at once, but only once, as two owners may send us to and fro.
    if (attempt === 0 && owner !== undefined && owner !== asked) return;
    const pauseMs = backOffMs(attempt, this.limits.retryMinMs, this.limits.retryMaxMs, random);
    await changes.wait(shard, Math.min(pauseMs, Math.max(0, deadline - clock.monotonicMs())));
  }
}

function overloaded(): Refused {
  return new Refused(Reason.OVERLOADED, 'Too many commands are under way for this owner; retry after a pause.');
}

function outOfTime(delivered: boolean): Refused {
  if (delivered) {
    const message = 'The time is over before the outcome is known; retry with the same request id.';
    return new Refused(Reason.DEADLINE, message);
  }
  const message = 'No owner of the shard answered in time. Retry with the same request id.';
  return new Refused(Reason.NO_OWNER, message);
}

/** Neither a refusal, nor of somebody who is not the owner. */
function isFinal({ kind }: OwnerAnswer): boolean {
  return kind !== 'refusal' && kind !== 'notOwner';
}
