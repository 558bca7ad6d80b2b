import { type Clock, FleetingMap, type Random } from '@parkade/clock';
import { requestIdTimeMs } from '@parkade/ids';
import { type ChoiceRoute, type Command, type CommandAnswer, type JournaledAnswer, Reason } from '@parkade/proto';
import { answerKey, decodeAnswer, RequestJournal } from './journal.js';
import { asked } from './operation.js';
import { type Pending, refusalAnswer } from './pending.js';
import { writeAnswer } from './written-answer.js';

/** What is known of a request id when its command comes. */
export type Lookup =
  /** Nothing: it may be executed. */
  | { readonly kind: 'new' }
  /** It was answered, or may not be executed: this answer, once proved. */
  | { readonly kind: 'answer'; readonly answer: CommandAnswer }
  /** It is being executed: the command gets the same answer, later. */
  | { readonly kind: 'joined' }
  /** An automatic choice that was routed before, or found its part full, asks for its next step. */
  | { readonly kind: 'routed'; readonly previous: ChoiceRoute | undefined };

/**
 * The requests of a shard: those that were answered within the horizon, and those being executed.
 *
 *   Q1. A request id is executed at most once: applied ids answer from the journal, those under way are joined.
 *   Q2. The same id with another fingerprint is refused; nothing is changed by it, nor for whoever used it first.
 *   Q3. An id that may have been forgotten is refused, never executed.
 */
export class Requests {
  readonly journal: RequestJournal;
  readonly #flying = new FleetingMap<string, { readonly leader: Pending; readonly joined: Pending[] }>((key) =>
    this.journal.hashOf(key),
  );

  constructor(
    floorMs: number,
    private readonly horizonMs: number,
    private readonly clock: Clock,
    random: Random,
  ) {
    this.journal = new RequestJournal(floorMs, random);
  }

  /** Whether something is being executed. */
  get busy(): boolean {
    return this.#flying.size > 0;
  }

  lookUp(pending: Pending, requestId: string): Lookup {
    const { command } = pending;
    const key = answerKey(requestId, stopOf(command));
    const remembered = this.journal.find(key);
    const flying = this.#flying.get(key);
    const fingerprint = flying?.leader.command.fingerprint ?? remembered?.fingerprint;
    if (fingerprint !== undefined && fingerprint !== command.fingerprint) return { kind: 'answer', answer: reused() };
    if (flying !== undefined) {
      flying.joined.push(pending);
      return { kind: 'joined' };
    }
    if (remembered !== undefined) {
      const answer = decodeAnswer(remembered);
      const { op } = command;
      const { result } = answer;
      if (op?.$case !== 'routeChoice') return { kind: 'answer', answer };
      // A part that said it is full keeps to that: what it is asked now is where the call goes instead.
      if (result?.$case === 'partFull') return { kind: 'routed', previous: undefined };
      if (result?.$case !== 'route' || op.value.step <= result.value.step) return { kind: 'answer', answer };
      return { kind: 'routed', previous: result.value };
    }
    return this.#mayExecute(pending, requestId) ? { kind: 'new' } : { kind: 'answer', answer: this.#tooOld() };
  }

  /** The command is being executed under this id from now on. */
  begin(pending: Pending, requestId: string): void {
    this.#flying.set(answerKey(requestId, stopOf(pending.command)), { leader: pending, joined: [] });
  }

  /** The command is answered: those who asked the same get the same. */
  settle(pending: Pending): readonly Pending[] {
    if (pending.command.op === undefined) return [];
    const { requestId } = asked(pending.command.op);
    if (requestId === undefined) return [];
    const key = answerKey(requestId, stopOf(pending.command));
    const flying = this.#flying.get(key);
    if (flying?.leader !== pending) return [];
    this.#flying.delete(key);
    return flying.joined;
  }

  /** All who joined; they are to be looked up again elsewhere. */
  takeJoined(): Pending[] {
    const joined = this.#flying.values().flatMap((flying) => flying.joined);
    this.#flying.clear();
    return joined;
  }

  #mayExecute({ command }: Pending, requestId: string): boolean {
    const madeMs = requestIdTimeMs(requestId);
    // Ids of the recall service are derived and carry no time; the attempt's number fences those.
    if (madeMs === undefined) return isRecall(command.op?.$case);
    return madeMs > this.journal.floorMs && madeMs >= this.clock.nowMs() - this.horizonMs;
  }

  #tooOld(): CommandAnswer {
    const message = 'The request id is older than the time answers are remembered for; make a new one.';
    return refusalAnswer(Reason.REQUEST_TOO_OLD, message, { horizon_ms: String(this.horizonMs) });
  }
}

/** What is remembered of a request once its answer is durable. */
export function journalled(pending: Pending, answer: CommandAnswer, requestId: string): JournaledAnswer {
  const { fingerprint } = pending.command;
  return { requestId, stop: stopOf(pending.command), fingerprint, answer: writeAnswer(answer) };
}

/** Which stop of an automatic choice a command is; see `JournaledAnswer.stop`. */
function stopOf({ lotId, part }: Command): string {
  return lotId === '' && part === 0 ? '' : `${lotId}#${part}`;
}

function isRecall(kind: string | undefined): boolean {
  return kind === 'beginRecall' || kind === 'noteRecall' || kind === 'endRecall';
}

function reused(): CommandAnswer {
  return refusalAnswer(Reason.REQUEST_ID_REUSED, 'This request id was used for another request; make a new one.');
}
