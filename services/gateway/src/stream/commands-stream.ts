import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { actorOf, callerOf, type Permit, permitOf } from '@parkade/identity';
import { type CommandsRequest, Reason } from '@parkade/proto';
import { defect, durationMs, Malformed, Refused, type UnderWay } from '@parkade/rpc';
import type { Asking, Commands } from '../commands/commands.js';
import type { PublicCommand } from '../commands/public-command.js';
import type { PublicReply } from '../commands/public-reply.js';
import type { GatewayLimits } from '../config.js';
import { type Deadline, deadlineIn } from '../deadline.js';
import type { TenantQuotas } from '../quotas/tenant-quotas.js';
import { length } from '../validation/rule.js';
import { TooLarge } from '../validation/sized.js';
import { type Answered, encodeAnswers } from './encode-answers.js';

export interface CommandsStreamDeps {
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly underWay: UnderWay;
  readonly quotas: Pick<TenantQuotas, 'request'>;
  readonly onDefect: (error: unknown) => void;
}

/** It is written encoded `CommandsResponse`s. */
export type CommandsCall = ServerDuplexStream<CommandsRequest, Uint8Array>;

const timeoutRule = length(1, 60_000);
const MISSING = 'is missing: set exactly one';

/** Commands, or answers, in one message. */
export const MAX_BATCH = 1_024;

/**
 * One `Commands` stream.
 *
 *   C1. Every command that was read is answered once, as soon as its answer is ready.
 *   C2. At most `maxStreamUnanswered`, and one batch more, are read and not yet written as answers; then the client is not read,
 *       and waits.
 *   C3. A message that does not decode ends the stream with INVALID_ARGUMENT, after what was read before it is answered.
 *   C4. Draining, as the gateway or the connection ends, it reads nothing more, answers what it read, and ends with DRAINING.
 *   C5. Answers come in batches only where the client has sent one.
 *   C6. Each command needs the rights of the RPC of its name; without them it is answered with their refusal.
 *
 * A message a command costs 60 µs of CPU at the client and the gateway together that one in a batch does not.
 */
export class CommandsStream {
  readonly #call: CommandsCall;
  readonly #permit: Permit;
  /** Who asks for every command of the stream. */
  readonly #asking: Asking;
  #answers: Answered[] = [];
  #unanswered = 0;
  #paused = false;
  #full = false;
  #batched = false;
  #scheduled = false;
  /** How it ends once everything is answered; undefined while it goes on. */
  #ending: Refused | 'ok' | undefined;
  #gone = false;

  constructor(
    call: CommandsCall,
    private readonly deps: CommandsStreamDeps,
    private readonly onEnd: () => void,
  ) {
    this.#call = call;
    this.#permit = permitOf(call);
    this.#asking = { by: actorOf(callerOf(call), call.getPeer(), 'ParkService/Commands') };
    call.on('data', (message: unknown) => this.#read(message));
    call.on('end', () => this.#finish('ok'));
    call.on('error', () => this.#leave());
    call.on('cancelled', () => this.#leave());
    call.on('close', () => this.#leave());
  }

  /** C4; `why`: what it ends with. */
  drain(why: Refused): void {
    this.#finish(why);
  }

  #read(message: unknown): void {
    if (this.#ending !== undefined) return;
    if (!(message instanceof Malformed)) return this.#each(message as CommandsRequest, (one) => this.#execute(one));
    const request: unknown = message instanceof TooLarge ? message.request : undefined;
    if (request === undefined) return this.#finish(message.refused());
    this.#each(request as CommandsRequest, ({ correlationId }) => this.#answer(correlationId, message.refused()));
  }

  /** Each command of the message, be it one or a batch, counted. */
  #each(message: CommandsRequest, take: (command: CommandsRequest) => void): void {
    const { batch } = message;
    this.#batched ||= batch.length > 0;
    this.#count(Math.max(1, batch.length));
    if (batch.length === 0) return take(message);
    for (const [i, command] of batch.entries()) {
      if (command.batch.length > 0)
        this.#answer(command.correlationId, invalidField('batch', 'must be empty in a batch'));
      else if (i < MAX_BATCH) take(command);
      else this.#answer(command.correlationId, invalidField('batch', `must have at most ${MAX_BATCH} entries`));
    }
  }

  #execute({ correlationId, timeout, command }: CommandsRequest): void {
    const { limits, clock } = this.deps;
    if (command === undefined) return this.#answer(correlationId, invalidField('command', MISSING));
    const fault = timeoutRule(timeout, 0);
    if (fault !== undefined) return this.#answer(correlationId, invalidField('timeout', fault.must));
    const deadline = deadlineIn(timeout === undefined ? undefined : durationMs(timeout), clock, limits);
    try {
      const asked = this.#permit({ command });
      if (!(asked instanceof Promise)) return this.#begin(correlationId, command, deadline, asked);
      asked
        .then((refused) => this.#begin(correlationId, command, deadline, refused))
        .catch((error: unknown) => this.#failed(correlationId, error));
    } catch (error) {
      this.#failed(correlationId, error);
    }
  }

  #begin(correlationId: number, command: PublicCommand, deadline: Deadline, refused: Refused | undefined): void {
    const { commands, underWay, quotas } = this.deps;
    const { tenantId } = command.value;
    const beyond = refused ?? quotas.request(tenantId, command.$case, this.#call) ?? underWay.enter(tenantId);
    if (beyond !== undefined) return this.#answer(correlationId, beyond);
    commands.begin(command, deadline, this.#asking, {
      answered: (reply) => {
        underWay.leave(tenantId);
        this.#answer(correlationId, reply);
      },
      failed: (error) => {
        underWay.leave(tenantId);
        this.#failed(correlationId, error);
      },
    });
  }

  #failed(correlationId: number, error: unknown): void {
    this.deps.onDefect(error);
    this.#answer(correlationId, defect());
  }

  #count(commands: number): void {
    this.#unanswered += commands;
    if (this.#unanswered < this.deps.limits.maxStreamUnanswered || this.#paused) return;
    this.#paused = true;
    this.#call.pause();
  }

  #answer(correlationId: number, answer: PublicReply | Refused): void {
    this.#answers.push({ correlationId, answer });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#full || this.#gone) return;
    this.#scheduled = true;
    this.deps.clock.defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    let written = 0;
    while (written < this.#answers.length && !this.#gone && !this.#full) {
      const batch = this.#answers.slice(written, written + (this.#batched ? MAX_BATCH : 1));
      written += batch.length;
      if (this.#call.write(encodeAnswers(batch, this.#batched))) continue;
      this.#full = true;
      this.#call.once('drain', () => {
        this.#full = false;
        this.#schedule();
      });
    }
    this.#answers.splice(0, written);
    this.#unanswered -= written;
    this.#resume();
    this.#endIfDone();
  }

  #resume(): void {
    // A quarter less than the bound, so that reading does not stop and go with every answer.
    if (!this.#paused || this.#ending !== undefined) return;
    if (this.#unanswered > this.deps.limits.maxStreamUnanswered * 0.75) return;
    this.#paused = false;
    this.#call.resume();
  }

  #finish(how: Refused | 'ok'): void {
    this.#ending ??= how;
    // What still comes is read and dropped: unread, it would keep the end of the stream from us.
    if (this.#paused) this.#call.resume();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#ending === undefined || this.#unanswered > 0 || this.#gone) return;
    if (this.#ending === 'ok') this.#call.end();
    else this.#call.emit('error', this.#ending.toServiceError());
    this.#leave();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#answers.length = 0;
    this.onEnd();
  }
}

function invalidField(field: string, must: string): Refused {
  return new Refused(Reason.INVALID_FIELD, `The field ${field} ${must}.`, { field });
}
