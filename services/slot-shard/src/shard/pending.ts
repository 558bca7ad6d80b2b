import { type Command, type CommandAnswer, Reason } from '@parkade/proto';

/** A command under way in this process, and where its answer goes. */
export interface Pending {
  readonly command: Command;
  /** Monotonic ms at which its sender stops waiting. */
  readonly deadlineMs: number;
  /** Called exactly once. The correlation id is filled in by the receiver. */
  readonly reply: (answer: CommandAnswer) => void;
}

/** An answer that refuses. */
export function refusalAnswer(
  reason: Reason,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): CommandAnswer {
  return answerOf({ $case: 'refusal', value: { reason, message, metadata: { ...metadata } } });
}

/** The sender stops waiting. */
export function outOfTime(): CommandAnswer {
  return refusalAnswer(Reason.DEADLINE, 'The time the caller allows is over.');
}

/** An answer with this result and no revision. */
export function answerOf(result: CommandAnswer['result'], fenced = false): CommandAnswer {
  return { correlationId: 0, revision: 0, result, fenced };
}
