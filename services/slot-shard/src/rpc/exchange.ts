import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { type Command, type CommandAnswer, type ExchangeRequest, type ExchangeResponse, Reason } from '@parkade/proto';
import { BatchWriter, Malformed, Refused, type Tracer } from '@parkade/rpc';
import { answerOf, refusalAnswer } from '../shard/pending.js';
import type { Shard } from '../shard/shard.js';

/** Answers a message at most. */
const MAX_BATCH = 1_024;

/** How many commands are under way in the process, whatever stream they came on. */
export interface Load {
  underWay: number;
  readonly max: number;
}

/**
 * Commands in, answers out, both in batches. Each command is answered once on the stream it came on; when the stream is gone its
 * answer is dropped (the sender asks again, and the journal answers).
 */
export function exchange(
  shardOf: (shard: number) => Shard | undefined,
  load: Load,
  clock: Clock,
  /** Told of every command answered. */
  ended: (command: Command, answer: CommandAnswer, tookMs: number) => void = () => undefined,
  tracer?: Tracer,
): handleBidiStreamingCall<ExchangeRequest, ExchangeResponse> {
  return (call) => {
    const writer = new BatchWriter<CommandAnswer, ExchangeResponse>(call, (answers) => ({ answers }), clock, MAX_BATCH);
    const take = (given: Command, nowMs: number): void => {
      const span =
        tracer === undefined || given.trace === ''
          ? undefined
          : tracer.span(`slot-shard ${given.op?.$case ?? ''}`, 'server', given.trace);
      const command = span === undefined ? given : { ...given, trace: span.traceparent };
      const { correlationId, timeoutMs } = command;
      const reply = (answer: CommandAnswer): void => {
        load.underWay--;
        ended(command, answer, clock.monotonicMs() - nowMs);
        span?.end({ 'parkade.shard': command.shard, 'parkade.result': answer.result?.$case ?? '' });
        answer.correlationId = correlationId;
        writer.push(answer);
      };
      load.underWay++;
      const shard = shardOf(command.shard);
      if (load.underWay > load.max)
        reply(refusalAnswer(Reason.OVERLOADED, 'This owner has too many commands under way.'));
      else if (shard === undefined) reply(answerOf({ $case: 'notOwner', value: { address: '', epoch: 0 } }));
      else shard.submit({ command, deadlineMs: nowMs + timeoutMs, reply });
    };
    call.on('data', (request: ExchangeRequest | Malformed) => {
      if (request instanceof Malformed) {
        writer.close();
        call.emit('error', Object.assign(new Error('malformed'), request.refused().toServiceError()));
        return;
      }
      const nowMs = clock.monotonicMs();
      for (const command of request.commands) take(command, nowMs);
    });
    call.on('end', () => {
      writer.close();
      call.end();
    });
    call.on('error', () => writer.close());
    call.on('cancelled', () => writer.close());
  };
}

/** The refusal of a shard this process does not serve, for calls that are not commands. */
export function notServed(shard: number): Refused {
  return new Refused(Reason.NO_OWNER, `Shard ${shard} is not served by this process now.`, { shard: String(shard) });
}
