import { credentials } from '@grpc/grpc-js';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import {
  type CallRef,
  type Command,
  Command as CommandMessage,
  type CommandAnswer,
  Direction,
  MediaControl,
  OnOccupied,
  type Park,
  type ParkRequest,
  Reason,
  type RetrieveRequest,
  SlotShardServiceClient,
  type Target,
} from '@parkade/proto';

const clock = new SystemClock();
const random = new SystemRandom();

export function requestId(): string {
  return newRequestId(clock.nowMs(), random);
}

export function call(callId: string): CallRef {
  return {
    mediaNode: 'media-1',
    callId,
    callerName: 'Ann',
    callerNumber: '5551234',
    direction: Direction.INBOUND,
    sipCallId: `${callId}@sip`,
  };
}

export function slotTarget(slot: string, lotId = ''): Target {
  return { kind: { $case: 'slot', value: { lotId, slot } } };
}

export function parkRequest(callId: string, target: Target, id = requestId()): ParkRequest {
  return {
    requestId: id,
    tenantId: 'acme',
    target,
    call: call(callId),
    parker: { userId: 'bob', deviceId: 'bob-1', extension: '200' },
    note: '',
    onOccupied: OnOccupied.UNSPECIFIED,
    mediaControl: MediaControl.CALLER,
    overrides: undefined,
  };
}

export function retrieveRequest(from: RetrieveRequest['from'], by: string, id = requestId()): RetrieveRequest {
  return {
    requestId: id,
    tenantId: 'acme',
    from,
    retriever: call(by),
    mediaControl: MediaControl.CALLER,
    giveUpAfter: undefined,
  };
}

/** Talks to one owner over a real Exchange stream. Once that breaks, every answer is `notOwner`. */
export class OwnerClient {
  readonly #client: SlotShardServiceClient;
  readonly #stream: ReturnType<SlotShardServiceClient['exchange']>;
  readonly #waiting = new Map<number, (answer: CommandAnswer) => void>();
  #next = 1;
  #gone = false;

  constructor(address: string) {
    this.#client = new SlotShardServiceClient(address, credentials.createInsecure());
    this.#stream = this.#client.exchange();
    this.#stream.on('data', ({ answers }: { answers: CommandAnswer[] }) => {
      for (const answer of answers) {
        this.#waiting.get(answer.correlationId)?.(answer);
        this.#waiting.delete(answer.correlationId);
      }
    });
    const gone = (): void => {
      this.#gone = true;
      for (const answer of this.#waiting.values()) answer(unreachable());
      this.#waiting.clear();
    };
    this.#stream.on('error', gone);
    this.#stream.on('end', gone);
  }

  get rpc(): SlotShardServiceClient {
    return this.#client;
  }

  send(shard: number, op: NonNullable<Command['op']>, more: Partial<Command> = {}): Promise<CommandAnswer> {
    if (this.#gone) return Promise.resolve(unreachable());
    const correlationId = this.#next++;
    const answered = new Promise<CommandAnswer>((resolve) => this.#waiting.set(correlationId, resolve));
    const base = CommandMessage.create();
    this.#stream.write({
      commands: [{ ...base, fingerprint: fingerprint(op), timeoutMs: 5_000, ...more, correlationId, shard, op }],
    });
    return answered;
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

/** What a client makes of an owner that is gone: ask somebody else. */
function unreachable(): CommandAnswer {
  const result = { $case: 'notOwner' as const, value: { address: '', epoch: 0 } };
  return { correlationId: 0, revision: 0, result, fenced: false };
}

export function parkOf(answer: CommandAnswer): Park {
  if (answer.result?.$case !== 'park') throw new Error(`not a park: ${describe(answer)}`);
  return answer.result.value;
}

/** The name of the reason of a refusal, or the kind of the answer. */
export function describe({ result }: CommandAnswer): string {
  return result?.$case === 'refusal' ? Reason[result.value.reason] : (result?.$case ?? 'nothing');
}

function fingerprint(op: NonNullable<Command['op']>): number {
  let hash = 0;
  for (const char of JSON.stringify(op)) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash;
}
