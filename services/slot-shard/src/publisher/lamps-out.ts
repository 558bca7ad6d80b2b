import type { Clock, Timer } from '@parkade/clock';
import { LampBudget, LINGER_MS } from './lamp-budget.js';
import type { LampBatch, LampLane } from './lamp-lane.js';
import type { Pacing } from './pacing.js';
import type { Sent } from './sender.js';

/** While lamps linger, the budget is looked at this often: a timer for each would cost more than the lamp. */
const LOOK_MS = 20;

export interface LampsOutDeps {
  readonly clock: Clock;
  readonly pacing: Pacing;
  readonly send: (batch: LampBatch) => Promise<Sent>;
  /** One more lane is to be made ready; false: there is none. */
  readonly pull: () => boolean;
  /** Something left, or was found to need no telling. */
  readonly ended: () => void;
}

/**
 * Sends the lamps that wait.
 *
 *   P1. A slot has one publish under way at most, so that its lamp never goes back.
 *   P2. Lanes leave in the order in which they became ready, those first that are published again.
 *   P3. Beyond the budget a lane lingers, until its time or until somebody waits for all to be published (`hurry`).
 */
export class LampsOut {
  readonly #budget = new LampBudget();
  #ready: LampLane[] = [];
  /** Published again, after a failure or because the bus lost them: these do not linger. */
  #again: LampLane[] = [];
  /** Failed; the next retry takes them up. */
  #waiting: LampLane[] = [];
  #timer: Timer | undefined;
  #hurry = false;
  #closed = false;

  constructor(private readonly deps: LampsOutDeps) {}

  /** A lane has something to send. */
  laneReady(lane: LampLane, again = false): void {
    if (lane.state !== 'idle') return;
    lane.state = 'ready';
    lane.dueMs = this.deps.clock.monotonicMs() + LINGER_MS;
    (again ? this.#again : this.#ready).push(lane);
  }

  /** Nothing lingers while somebody waits for all to be published. */
  set hurry(hurry: boolean) {
    this.#hurry = hurry;
    if (hurry) this.pump();
  }

  /** Sends what may leave. */
  pump(): void {
    const { pacing, pull } = this.deps;
    while (!this.#closed && pacing.open) {
      const lane = this.#again.shift();
      if (lane !== undefined) this.#start(lane);
      else if (!pull()) break;
    }
    let left = 0;
    // While some linger the budget is spent a few lamps at a time, so that they leave in one write.
    const lingers = this.#timer !== undefined && !this.#hurry;
    while (!this.#closed && pacing.open && !lingers) {
      const lane = this.#ready[left];
      if (lane === undefined || !(lane.dead || lane.silent || this.#leavesNow(lane))) break;
      left++;
      this.#start(lane);
    }
    if (left > 0) this.#ready.splice(0, left);
    this.#lookAgain();
  }

  /** What failed is tried again. */
  retry(): void {
    for (const lane of this.#waiting.splice(0)) {
      lane.state = 'idle';
      this.laneReady(lane, true);
    }
    this.pump();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#ready = [];
    this.#again = [];
    this.#waiting = [];
  }

  /** Where lamps linger, looks in a while whether the budget has room; one that is under way looks when it ends. */
  #lookAgain(): void {
    const [next] = this.#ready;
    if (next === undefined || this.#timer !== undefined || this.#closed || !this.deps.pacing.open) return;
    const leftMs = Math.max(1, Math.min(LOOK_MS, next.dueMs - this.deps.clock.monotonicMs()));
    this.#timer = this.deps.clock.setTimer(leftMs, () => {
      this.#timer = undefined;
      this.pump();
    });
  }

  #leavesNow(lane: LampLane): boolean {
    const nowMs = this.deps.clock.monotonicMs();
    return this.#hurry || nowMs >= lane.dueMs || this.#budget.take(nowMs);
  }

  #start(lane: LampLane): void {
    const { silent } = lane;
    const batch = lane.dead ? undefined : lane.take();
    if (batch === undefined) {
      lane.state = 'idle';
      return;
    }
    lane.state = 'sending';
    if (silent) {
      this.#settle(lane, batch, 'gone');
      return;
    }
    this.deps.pacing.inFlight++;
    void this.deps.send(batch).then((sent) => {
      const { pacing } = this.deps;
      pacing.inFlight--;
      if (sent === 'gone') pacing.succeeded();
      else pacing.failed();
      this.#settle(lane, batch, sent);
      this.pump();
    });
  }

  #settle(lane: LampLane, batch: LampBatch, sent: Sent): void {
    const over = sent === 'gone' || lane.dead;
    lane.state = 'idle';
    if (over) lane.told(batch);
    else {
      lane.giveBack(batch);
      lane.state = 'waiting';
      this.#waiting.push(lane);
    }
    if (over && !lane.dead && !lane.empty) this.laneReady(lane);
    this.deps.ended();
  }
}
