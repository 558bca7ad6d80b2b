import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock, Timer } from '@parkade/clock';
import type { IWatchRequest, IWatchResponse } from 'etcd3';

export type RawWatchStream = ClientDuplexStream<IWatchRequest, IWatchResponse>;

export interface WatchStreamEvents {
  response(response: IWatchResponse): void;
  /** The stream is over; called once, and nothing after it. */
  ended(reason: string): void;
}

/** A stream that is silent for this many heartbeats is dead. */
const SILENT_HEARTBEATS = 3;

/**
 * One watch stream, with a watchdog: it asks for progress as a heartbeat and ends the stream when nothing at all came for
 * three of them. Any message is a sign of life; newer etcd does not answer a heartbeat while it is behind with events.
 */
export class WatchStream {
  #heardMs: number;
  #timer: Timer;
  #over = false;

  constructor(
    private readonly stream: RawWatchStream,
    private readonly clock: Clock,
    private readonly heartbeatMs: number,
    private readonly events: WatchStreamEvents,
  ) {
    this.#heardMs = clock.monotonicMs();
    this.#timer = this.#armed();
    stream.on('data', (response: IWatchResponse) => {
      if (this.#over) return;
      this.#heardMs = this.clock.monotonicMs();
      this.events.response(response);
    });
    stream.on('error', (error: Error) => this.#end(error.message));
    stream.on('end', () => this.#end('etcd ended the stream'));
  }

  send(request: IWatchRequest): void {
    if (!this.#over) this.stream.write(request);
  }

  /** Ends the stream without a call of `ended`. */
  cancel(): void {
    this.#over = true;
    this.#timer.cancel();
    this.stream.cancel();
  }

  #armed(): Timer {
    // At the same moments as the other watches of the process, so that they wake it, and etcd, together.
    const delayMs = this.heartbeatMs - (this.clock.monotonicMs() % this.heartbeatMs);
    return this.clock.setTimer(delayMs, () => {
      if (this.clock.monotonicMs() - this.#heardMs >= SILENT_HEARTBEATS * this.heartbeatMs) {
        this.#end('etcd is silent');
        return;
      }
      this.send({ progress_request: {} });
      this.#timer = this.#armed();
    });
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.cancel();
    this.events.ended(reason);
  }
}
