import type { Clock, Random } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { type CallRef, Direction, FailedRecallNext, MediaControl, RecallOutcome, ReleaseCause } from '@parkade/proto';
import { v5 } from 'uuid';
import type { AgainHow, EndOutcome, ParkView } from '../machine/index.js';
import type { Operation } from './owner-port.js';

/** Namespace of the request ids of recalls. */
const REQUESTS = '5d1b4c1a-53a5-5f0e-8f57-5d8f3f2d2c10';

const OUTCOMES: Readonly<Record<EndOutcome, RecallOutcome>> = {
  answered: RecallOutcome.ANSWERED,
  failed: RecallOutcome.FAILED,
  branched: RecallOutcome.BRANCHED,
  expired: RecallOutcome.EXPIRED,
};

const NEXTS: Readonly<Record<AgainHow, FailedRecallNext>> = {
  retry: FailedRecallNext.RETRY,
  escalate: FailedRecallNext.ESCALATE,
  're-park': FailedRecallNext.RE_PARK,
};

/**
 * The commands of one partition's recalls to their owner. A request id names the epoch and counts on, so that two processes
 * which both believe the partition to be theirs ask twice, and the owner admits one; what is sent again is the same command.
 */
export class Operations {
  #count = 0;

  constructor(
    private readonly epoch: number,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  begin(park: ParkView, attempt: number, ringMs: number, legs: Uint8Array): Operation {
    return { $case: 'beginRecall', value: { ...this.#named(park, attempt), attempt, ringMs, legs: Buffer.from(legs) } };
  }

  note(park: ParkView, attempt: number, legs: Uint8Array): Operation {
    const value = { ...this.#named(park, attempt), attempt, legs: Buffer.from(legs), untilMs: 0 };
    return { $case: 'noteRecall', value };
  }

  end(
    park: ParkView,
    attempt: number,
    outcome: EndOutcome,
    reason: string,
    answeredBy: CallRef | undefined,
    nextRecallMs: number,
    next: AgainHow | undefined,
  ): Operation {
    const how = {
      ...{ outcome: OUTCOMES[outcome], reason, answeredBy, nextRecallMs },
      next: next === undefined ? undefined : NEXTS[next],
    };
    return { $case: 'endRecall', value: { ...this.#named(park, attempt), attempt, ...how } };
  }

  /** The answer takes the call: the first half of a retrieve. */
  claim(park: ParkView, by: CallRef): Operation {
    return { $case: 'beginRetrieve', value: this.#retrieve(park, by) };
  }

  /** Takes the call in one step. */
  take(park: ParkView, by: CallRef): Operation {
    return { $case: 'retrieve', value: this.#retrieve(park, by) };
  }

  giveBack(park: ParkView, retrieveId: string, cause: string): Operation {
    const { tenantId, parkId } = park;
    return { $case: 'giveBackRetrieve', value: { requestId: this.#newId(), tenantId, parkId, retrieveId, cause } };
  }

  abandon(park: ParkView): Operation {
    const { tenantId, parkId } = park;
    const value = { requestId: this.#newId(), tenantId, parkId, cause: ReleaseCause.ABANDONED };
    return { $case: 'release', value: { ...value, callId: park.call?.callId ?? '' } };
  }

  #retrieve(park: ParkView, retriever: CallRef): Extract<Operation, { $case: 'retrieve' }>['value'] {
    const { tenantId, parkId } = park;
    return {
      requestId: this.#newId(),
      tenantId,
      from: { $case: 'parkId', value: parkId },
      retriever,
      mediaControl: MediaControl.CLUSTER,
      giveUpAfter: undefined,
    };
  }

  #named(park: ParkView, attempt: number): { requestId: string; tenantId: string; parkId: string } {
    const { tenantId, parkId } = park;
    const requestId = v5(JSON.stringify([parkId, attempt, this.epoch, ++this.#count]), REQUESTS);
    return { requestId, tenantId, parkId };
  }

  #newId(): string {
    return newRequestId(this.clock.nowMs(), this.random);
  }
}

/** A leg as a call: the same in a claim and in what follows it. */
export function legCall(park: ParkView, legId: string, member: string): CallRef {
  const mediaNode = park.call?.mediaNode ?? '';
  const { OUTBOUND: direction } = Direction;
  return { mediaNode, callId: legId, callerName: '', callerNumber: member, direction, sipCallId: '' };
}
