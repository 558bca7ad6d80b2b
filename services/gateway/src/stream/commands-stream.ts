import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { actorOf, callerOf, type Permit, permitOf } from '@parkade/identity';
import { type Actor, type CommandsRequest, type CommandsResponse, Reason } from '@parkade/proto';
import { durationMs, Malformed, Refused } from '@parkade/rpc';
import { draining, type UnderWay } from '../api/under-way.js';
import type { Commands } from '../commands/commands.js';
import type { GatewayLimits } from '../config.js';
import { deadlineIn } from '../deadline.js';
import type { TenantQuotas } from '../quotas/tenant-quotas.js';
import { length } from '../validation/rule.js';
import { TooLarge } from '../validation/sized.js';

export interface CommandsStreamDeps {
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly underWay: UnderWay;
  readonly quotas: Pick<TenantQuotas, 'request'>;
  readonly onDefect: (error: unknown) => void;
}

type Call = ServerDuplexStream<CommandsRequest, CommandsResponse>;

const timeoutRule = length(1, 60_000);

/** Commands, or answers, in one message. */
export const MAX_BATCH = 1_024;

/**
 * One `Commands` stream.
 *
 *   C1. Every command that was read is answered once, as soon as its answer is ready.
 *   C2. At most `maxStreamUnanswered`, and one batch more, are read and not yet written as answers; then the client is not read,
 *       and waits.
 *   C3. A message that does not decode ends the stream with INVALID_ARGUMENT, after what was read before it is answered.
 *   C4. Draining, it reads nothing more, answers what it read, and ends with DRAINING.
 *   C5. Answers come in batches only where the client has sent one.
 *   C6. Each command needs the rights of the RPC of its name; without them it is answered with their refusal.
 *
 * A message a command costs 60 µs of CPU at the client and the gateway together that one in a batch does not.
 */
export class CommandsStream {
  readonly #call: Call;
  readonly #permit: Permit;
  /** Who asks for every command of the stream. */
  readonly #by: Actor | undefined;
  readonly #answers: CommandsResponse[] = [];
  #unanswered = 0;
  #paused = false;
  #full = false;
  #batched = false;
  #scheduled = false;
  /** How it ends once everything is answered; undefined while it goes on. */
  #ending: Refused | 'ok' | undefined;
  #gone = false;

  constructor(
    call: Call,
    private readonly deps: CommandsStreamDeps,
    private readonly onEnd: () => void,
  ) {
    this.#call = call;
    this.#permit = permitOf(call);
    this.#by = actorOf(callerOf(call), call.getPeer(), 'ParkService/Commands');
    call.on('data', (message: unknown) => this.#read(message));
    call.on('end', () => this.#finish('ok'));
    call.on('error', () => this.#leave());
    call.on('cancelled', () => this.#leave());
    call.on('close', () => this.#leave());
  }

  /** C4. */
  drain(): void {
    this.#finish(draining());
  }

  #read(message: unknown): void {
    if (this.#ending !== undefined) return;
    if (!(message instanceof Malformed))
      return this.#each(message as CommandsRequest, (one) => void this.#execute(one));
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

  async #execute({ correlationId, timeout, command }: CommandsRequest): Promise<void> {
    const { limits, clock, commands, underWay, quotas, onDefect } = this.deps;
    const fault = timeoutRule(timeout, 0);
    const invalid =
      command === undefined
        ? invalidField('command', 'is missing: set exactly one')
        : fault && invalidField('timeout', fault.must);
    if (invalid !== undefined || command === undefined) return this.#answer(correlationId, invalid);
    const deadline = deadlineIn(timeout === undefined ? undefined : durationMs(timeout), clock, limits);
    try {
      const asked = this.#permit({ command });
      const refused = asked instanceof Promise ? await asked : asked;
      const { tenantId } = command.value;
      const beyond = refused ?? quotas.request(tenantId, command.$case, this.#call);
      if (beyond !== undefined) return this.#answer(correlationId, beyond);
      const run = (): ReturnType<Commands['execute']> => commands.execute(command, deadline, '', this.#by);
      this.#answer(correlationId, await underWay.run(tenantId, run));
    } catch (error) {
      onDefect(error);
      const message = 'Something went wrong in Parkade; nothing else is known.';
      this.#answer(correlationId, new Refused(Reason.INTERNAL, message));
    }
  }

  #count(commands: number): void {
    this.#unanswered += commands;
    if (this.#unanswered < this.deps.limits.maxStreamUnanswered || this.#paused) return;
    this.#paused = true;
    this.#call.pause();
  }

  #answer(correlationId: number, result: CommandsResponse['answer'] | Refused): void {
    const answer = result instanceof Refused ? errorAnswer(result) : result;
    this.#answers.push({ correlationId, answer, batch: [] });
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
      const [only] = batch;
      const message = only !== undefined && !this.#batched ? only : { correlationId: 0, answer: undefined, batch };
      if (this.#call.write(message)) continue;
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

function errorAnswer(refused: Refused): CommandsResponse['answer'] {
  const { code, reason, message, metadata } = refused;
  return { $case: 'error', value: { code, reason, message, metadata: { ...metadata } } };
}
