import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock, Timer } from '@parkade/clock';
import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3';
import { StoreError } from '../store.js';

export type RawKeepAliveStream = ClientDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;

interface Waiting {
  readonly id: string;
  readonly settle: (ttl: string) => void;
  readonly fail: (error: unknown) => void;
  readonly timer: Timer;
}

/**
 * Keepalives on a stream that stays open: one of its own for each was a third of what an idle process cost, and as much at etcd.
 *
 *   K1. A keepalive is answered by an answer that came after it was sent: of each lease the answers come in the order of the requests.
 *   K2. A stream that stays open may die without a word: where one keepalive has no answer in its time the stream is given up, and with it
 *       all that wait. So no answer that is late is ever taken for another one.
 */
export class KeepAliveStream {
  readonly #waiting: Waiting[] = [];
  #over = false;

  /** `onEnd` is called once, when the stream is over. */
  constructor(
    private readonly stream: RawKeepAliveStream,
    private readonly clock: Clock,
    private readonly onEnd: () => void,
  ) {
    stream.on('data', (answer: ILeaseKeepAliveResponse) => this.#answered(answer));
    stream.on('error', (error) => this.#end(error));
    stream.on('end', () => this.#end(new StoreError('unavailable', 'etcd ended the keepalives')));
  }

  /** Whether it can be used no more. */
  get over(): boolean {
    return this.#over;
  }

  /** Resolves to the TTL that etcd tells, `0` where it does not know the lease. Rejects where no answer comes in time. */
  send(id: string, timeoutMs: number): Promise<string> {
    return new Promise((settle, fail) => {
      const timer = this.clock.setTimer(timeoutMs, () => {
        this.#end(new StoreError('unavailable', 'etcd did not answer a keepalive in time'));
      });
      this.#waiting.push({ id, settle, fail, timer });
      this.stream.write({ ID: id });
    });
  }

  cancel(): void {
    this.#end(new StoreError('unavailable', 'the keepalives were ended'));
  }

  #answered({ ID, TTL }: ILeaseKeepAliveResponse): void {
    const at = this.#waiting.findIndex(({ id }) => id === ID);
    const [first] = at < 0 ? [] : this.#waiting.splice(at, 1);
    first?.timer.cancel();
    first?.settle(TTL);
  }

  #end(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.stream.cancel();
    this.onEnd();
    for (const { timer, fail } of this.#waiting.splice(0)) {
      timer.cancel();
      fail(error);
    }
  }
}
