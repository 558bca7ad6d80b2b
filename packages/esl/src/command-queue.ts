// The commands of one connection, from the caller to the reply.
//   Q1. Replies belong to commands in the order the commands were written; FreeSWITCH answers each exactly once.
//   Q2. The write guard is asked immediately before each write; when it says no, nothing of the command is sent.
//   Q3. A command is handed to the socket only when the socket holds no bytes back, so none waits in this process after
//       the guard said yes.
//   Q4. Every command settles exactly once: by its reply, its time limit, the guard, or the end of the connection; a
//       failure tells whether its bytes may have been sent. A late reply still takes its place in the order.
//   Q5. At most maxQueued wait and at most maxInFlight are out; nothing outlives the connection.
//   Q6. A nudge is a blank line: it has no reply, and is written only where nothing else would wake the switch.
import type { Clock, Timer } from '@parkade/clock';
import { encodeCommand, type EslCommand } from './encode.js';
import type { EslFrame } from './frame.js';
import type { CommandLimits } from './limits.js';
import { isRefusal, refused, type CommandResult, type Reply } from './outcome.js';

/** The socket as the queue sees it. */
export interface WritePort {
  /** The fence: whether this process may still act on the node. */
  mayWrite(): boolean;
  /** Whether the socket would pass bytes on at once. */
  isClear(): boolean;
  write(bytes: Buffer): void;
  /** A written command had no reply within `overdueLimitMs`. */
  overdue(): void;
}

/** A frame that answers a command. */
export type ReplyFrame = Extract<EslFrame, { kind: 'command-reply' | 'api-response' }>;

/** Skipped by the switch before a command. */
const NUDGE = Buffer.from('\n');

interface Pending {
  bytes: Buffer;
  isApi: boolean;
  limitMs: number;
  limit: Timer | undefined;
  overdue: Timer | undefined;
  settle: ((result: CommandResult) => void) | undefined;
}

export class CommandQueue {
  readonly #limits: CommandLimits;
  readonly #clock: Clock;
  readonly #port: WritePort;
  readonly #waiting: Pending[] = [];
  readonly #inFlight: Pending[] = [];
  #closed = false;

  constructor(limits: CommandLimits, clock: Clock, port: WritePort) {
    this.#limits = limits;
    this.#clock = clock;
    this.#port = port;
  }

  /** Commands waiting and out. */
  get length(): number {
    return this.#waiting.length + this.#inFlight.length;
  }

  /** Sends a command and waits at most `limitMs` for its reply. Never rejects. */
  send(command: EslCommand, limitMs = this.#limits.commandLimitMs): Promise<CommandResult> {
    const encoded = encodeCommand(command);
    if (!encoded.ok) return Promise.resolve(encoded);
    if (this.#closed) return Promise.resolve({ ok: false, reason: 'down', sent: false });
    if (this.#waiting.length >= this.#limits.maxQueued) {
      return Promise.resolve({ ok: false, reason: 'queue-full', limit: this.#limits.maxQueued });
    }
    return new Promise((resolve) => {
      const isApi = command.line.startsWith('api ');
      const pending: Pending = {
        bytes: encoded.bytes,
        isApi,
        limitMs,
        limit: undefined,
        overdue: undefined,
        settle: resolve,
      };
      pending.limit = this.#clock.setTimer(limitMs, () => this.#expire(pending));
      this.#waiting.push(pending);
      this.pump();
    });
  }

  /** Has the switch look at the events it has to tell: it does so each 20 ms, and whenever a byte comes (Q6). */
  nudge(): void {
    if (this.#closed || this.#inFlight.length > 0 || !this.#port.isClear()) return;
    if (this.#port.mayWrite()) this.#port.write(NUDGE);
  }

  /** Writes what may be written now; called again whenever the socket has become clear. */
  pump(): void {
    while (!this.#closed && this.#inFlight.length < this.#limits.maxInFlight && this.#port.isClear()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (this.#port.mayWrite()) this.#write(next);
      else settle(next, { ok: false, reason: 'fenced' });
    }
  }

  /** Gives a reply to the command it answers. False when none can be meant: our place in the stream is lost. */
  onReply(frame: ReplyFrame): boolean {
    const oldest = this.#inFlight[0];
    // An `api` without permission is answered by a command reply; nothing else is answered by an api response.
    if (oldest === undefined || (frame.kind === 'api-response' && !oldest.isApi)) return false;
    this.#inFlight.shift();
    oldest.overdue?.cancel();
    const reply: Reply = { text: frame.text, headers: frame.kind === 'command-reply' ? frame.headers : undefined };
    settle(oldest, isRefusal(frame.text) ? refused(frame.text) : { ok: true, reply });
    this.pump();
    return true;
  }

  /** Ends the queue with its connection: everything open fails with `down`. */
  close(): void {
    this.#closed = true;
    for (const pending of this.#inFlight.splice(0)) {
      pending.overdue?.cancel();
      settle(pending, { ok: false, reason: 'down', sent: true });
    }
    for (const pending of this.#waiting.splice(0)) settle(pending, { ok: false, reason: 'down', sent: false });
  }

  #write(pending: Pending): void {
    this.#inFlight.push(pending);
    const overdueMs = Math.max(this.#limits.overdueLimitMs, pending.limitMs);
    pending.overdue = this.#clock.setTimer(overdueMs, () => this.#port.overdue());
    this.#port.write(pending.bytes);
  }

  #expire(pending: Pending): void {
    const at = this.#waiting.indexOf(pending);
    if (at >= 0) this.#waiting.splice(at, 1);
    settle(pending, { ok: false, reason: 'timeout', sent: at < 0, limitMs: pending.limitMs });
  }
}

function settle(pending: Pending, result: CommandResult): void {
  pending.limit?.cancel();
  pending.settle?.(result);
  pending.settle = undefined;
}
