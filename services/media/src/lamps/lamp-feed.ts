// What the bus tells of lamps, for the switches of this process.
//   F1. All that is kept is heard first, then every change; what was missed while the bus was away is heard when it is back.
//   F2. A message that cannot be read changes nothing.
import type { Bus, Subscription } from '@parkade/bus';
import { type Clock, sleep } from '@parkade/clock';
import { ALL_PRESENCE, parsePresenceSubject, type PresenceMessage, STREAMS } from '@parkade/presence';
import type { Log } from '@parkade/rpc';
import { type Notice, NoticeBoard } from '../notices/notice-board.js';
import { LampBoard, type LampShown } from './lamp-board.js';

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

export interface LampFeedDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxSlots: number;
  readonly onLamps: (lamps: readonly LampShown[]) => void;
  readonly onNotices: (notices: readonly Notice[]) => void;
}

export class LampFeed {
  readonly #lamps: LampBoard;
  readonly #notices: NoticeBoard;
  readonly #stop = new AbortController();
  #subscription: Subscription | undefined;

  constructor(private readonly deps: LampFeedDeps) {
    this.#lamps = new LampBoard(deps.maxSlots);
    this.#notices = new NoticeBoard(deps.maxSlots);
  }

  /** Listens until it is closed; tries again where the bus is away. */
  async start(): Promise<void> {
    const { bus, clock, log } = this.deps;
    for (let delayMs = RETRY_FIRST_MS; !this.#stop.signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        await bus.ensureStreams(STREAMS);
        const onMessage = (message: { subject: string; payload: Uint8Array }): void =>
          this.#hear(message.subject, message.payload);
        const subscription = await bus.subscribe(ALL_PRESENCE, { replay: 'last' }, onMessage);
        if (this.#closed()) await subscription.close();
        else this.#subscription = subscription;
        return;
      } catch (error) {
        log.warn('lamps cannot be followed', { error: String(error) });
        await sleep(clock, delayMs, this.#stop.signal);
      }
    }
  }

  /** Every lamp as it is now. */
  lamps(): readonly LampShown[] {
    return this.#lamps.all();
  }

  /** What happened at `sinceMs` or later. */
  noticesSince(sinceMs: number): readonly Notice[] {
    return this.#notices.since(sinceMs);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#subscription?.close();
  }

  #hear(subject: string, payload: Uint8Array): void {
    const at = parsePresenceSubject(subject);
    const message = at === undefined ? undefined : readMessage(payload);
    if (at === undefined || message === undefined) return;
    if (at.clearedPresenceId !== undefined) return this.deps.onLamps(this.#lamps.clear(message));
    this.deps.onLamps(this.#lamps.apply(message));
    this.deps.onNotices(this.#notices.apply(message));
  }

  /** Asked after an `await`. */
  #closed(): boolean {
    return this.#stop.signal.aborted;
  }
}

function readMessage(payload: Uint8Array): PresenceMessage | undefined {
  try {
    const message = JSON.parse(Buffer.from(payload).toString('utf8')) as Partial<PresenceMessage>;
    const { tenant, lot, slot, state, presence_id: id, version } = message;
    const named = [tenant, lot, slot, id].every((name) => typeof name === 'string');
    const known = state === 'early' || state === 'confirmed' || state === 'terminated';
    return named && known && typeof version === 'number' ? (message as PresenceMessage) : undefined;
  } catch {
    return undefined;
  }
}
