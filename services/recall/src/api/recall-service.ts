import type { Clock, Random } from '@parkade/clock';
import { actorOf, callerOf } from '@parkade/identity';
import { stableHash } from '@parkade/ids';
import {
  type CancelRecallRequest,
  type CancelRecallResponse,
  type CommandAnswer,
  Consistency,
  type Deadline,
  FailedRecallNext,
  type ListDeadlinesRequest,
  type ListDeadlinesResponse,
  type MoveDeadlineRequest,
  type MoveDeadlineResponse,
  Reason,
  RecallOutcome,
  type RecallNowRequest,
  type RecallNowResponse,
  RecallServiceService,
} from '@parkade/proto';
import { type CallContext, durationMs, type MountedService, Refused, toDuration, unary } from '@parkade/rpc';
import type { RecallLimits } from '../config.js';
import type { Asking, Owners } from '../owner/owners.js';
import type { Operation } from '../run/owner-port.js';
import { checkNamed, checkRecallIn, invalid, type NamedPark } from './checks.js';
import { deadlineView } from './deadline-view.js';
import { listDeadlines, type ListDeps } from './list-deadlines.js';

/** The soonest an owner can be asked to let a call come back: in the next moment. */
const NOW = { seconds: 0, nanos: 1_000_000 };

const DEFAULT_TIMEOUT_MS = 5_000;

export interface RecallServiceDeps extends ListDeps {
  readonly limits: RecallLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: Owners;
  readonly onDefect: (error: unknown) => void;
}

/** `parkade.recall.v1.RecallService` for a server. Everything it changes it asks the slot's owner for. */
export function recallService(deps: RecallServiceDeps): MountedService {
  const api = new RecallApi(deps);
  const { onDefect } = deps;
  return {
    definition: RecallServiceService,
    implementation: {
      listDeadlines: unary<ListDeadlinesRequest, ListDeadlinesResponse>((request) => api.list(request), onDefect),
      recallNow: unary<RecallNowRequest, RecallNowResponse>((request, call) => api.recallNow(request, call), onDefect),
      cancelRecall: unary<CancelRecallRequest, CancelRecallResponse>(
        (request, call) => api.cancel(request, call),
        onDefect,
      ),
      moveDeadline: unary<MoveDeadlineRequest, MoveDeadlineResponse>(
        (request, call) => api.move(request, call),
        onDefect,
      ),
    },
  };
}

type Answer = { readonly deadline: Deadline };

class RecallApi {
  #underWay = 0;

  constructor(private readonly deps: RecallServiceDeps) {}

  list(request: ListDeadlinesRequest): Promise<ListDeadlinesResponse | Refused> {
    return this.#bounded(() => listDeadlines(request, this.deps));
  }

  recallNow(request: RecallNowRequest, call: CallContext): Promise<Answer | Refused> {
    return this.#named(request, call, 'RecallNow', (named) => extend(named, NOW));
  }

  move(request: MoveDeadlineRequest, call: CallContext): Promise<Answer | Refused> {
    return this.#named(request, call, 'MoveDeadline', (named) => {
      if (request.recallIn === undefined) return invalid('recall_in', 'given: 0 for never, or 1 s to 30 days');
      const ms = checkRecallIn(request.recallIn);
      return ms instanceof Refused ? ms : extend(named, toDuration(ms));
    });
  }

  cancel(request: CancelRecallRequest, call: CallContext): Promise<Answer | Refused> {
    return this.#named(request, call, 'CancelRecall', async (named) => {
      if (request.attempt < 1) return invalid('attempt', 'at least 1');
      const nextRecallMs =
        request.recallIn === undefined ? await this.#usual(named, call) : checkRecallIn(request.recallIn);
      if (nextRecallMs instanceof Refused) return nextRecallMs;
      const { requestId, tenantId, parkId } = named;
      const how = { outcome: RecallOutcome.FAILED, next: FailedRecallNext.RE_PARK, reason: 'cancelled', nextRecallMs };
      const value = { requestId, tenantId, parkId, attempt: request.attempt, answeredBy: undefined, ...how };
      return { $case: 'endRecall', value };
    });
  }

  /** The time the call was parked for, in ms. */
  async #usual({ tenantId, parkId, shard }: NamedPark, call: CallContext): Promise<number | Refused> {
    const by = { $case: 'parkId' as const, value: parkId };
    const consistency = Consistency.UNFENCED;
    const park = await this.#ask(shard, { $case: 'getPark', value: { tenantId, by, consistency } }, call);
    if (park instanceof Refused) return park;
    const timeout = park.result?.$case === 'park' ? park.result.value.policy?.ringbackTimeout : undefined;
    return timeout === undefined ? 0 : durationMs(timeout);
  }

  #named(
    request: { readonly requestId: string; readonly tenantId: string; readonly parkId: string },
    call: CallContext,
    rpc: string,
    operation: (named: NamedPark) => Operation | Refused | Promise<Operation | Refused>,
  ): Promise<Answer | Refused> {
    return this.#bounded(async () => {
      const { shardCount, clock, random } = this.deps;
      const named = checkNamed(request, shardCount, clock, random);
      if (named instanceof Refused) return named;
      const op = await operation(named);
      if (op instanceof Refused) return op;
      const by = actorOf(callerOf(call), call.peer, `RecallService/${rpc}`);
      const fingerprint = stableHash(JSON.stringify([rpc, { ...request, requestId: named.requestId }]));
      const answer = await this.#ask(named.shard, op, call, { by, fingerprint });
      if (answer instanceof Refused) return answer;
      if (answer.result?.$case === 'park') return { deadline: deadlineView(answer.result.value) };
      return new Refused(Reason.INTERNAL, 'The owner answered something else than a park.');
    });
  }

  async #ask(
    shard: number,
    op: Operation,
    call: CallContext,
    asking: Pick<Asking, 'by' | 'fingerprint'> = {},
  ): Promise<CommandAnswer | Refused> {
    const leftMs = call.deadlineMs === Infinity ? DEFAULT_TIMEOUT_MS : call.deadlineMs - this.deps.clock.nowMs();
    const timeoutMs = Math.min(this.deps.limits.commandTimeoutMs, Math.max(1, leftMs * 0.95));
    const answer = await this.deps.owners.ask(shard, op, { timeoutMs, ...asking });
    if (answer === undefined) {
      return new Refused(Reason.DEADLINE, 'The outcome is not known in time; retry with the same request id.');
    }
    return answer.result?.$case === 'refusal' ? Refused.from(answer.result.value) : answer;
  }

  async #bounded<T>(run: () => Promise<T | Refused>): Promise<T | Refused> {
    if (this.#underWay >= this.deps.limits.maxRequests) {
      return new Refused(Reason.OVERLOADED, 'Too many requests are under way here; retry after a pause.');
    }
    this.#underWay++;
    try {
      return await run();
    } finally {
      this.#underWay--;
    }
  }
}

function extend({ requestId, tenantId, parkId }: NamedPark, recallIn: typeof NOW): Operation {
  return { $case: 'extendPark', value: { requestId, tenantId, parkId, recallIn } };
}
