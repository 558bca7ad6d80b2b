import { type ChannelInterface, connectivityState, status } from '@grpc/grpc-js';
import { TRACEPARENT } from '@parkade/rpc';
import type { Host } from '../world/host.js';
import type { Scheduler } from '../world/scheduler.js';
import { type Call, SimCall } from './client-call.js';
import type { Connection } from './connection.js';
import type { SimListener } from './listener.js';
import type { SimNetwork } from './sim-network.js';

const DEFAULT_BACK_OFF_MS = 1_000;

type Made = { readonly connection: Connection; readonly listener: SimListener };

/**
 * A grpc-js channel on the simulated network, below the generated clients of production. It connects when it is first used,
 * fails what waits when it cannot (calls do not wait for ready), and tries again after its back-off.
 */
export class SimChannel implements ChannelInterface {
  #state = connectivityState.IDLE;
  #made: Made | undefined;
  #waiting: SimCall[] = [];
  #watchers: (() => void)[] = [];
  #giveUp: () => void = () => undefined;
  readonly #backOffMs: number;

  constructor(
    private readonly host: Host,
    private readonly address: string,
    options: { readonly [name: string]: unknown },
    private readonly network: SimNetwork,
    private readonly scheduler: Scheduler,
  ) {
    const given = options['grpc.initial_reconnect_backoff_ms'];
    this.#backOffMs = typeof given === 'number' ? given : DEFAULT_BACK_OFF_MS;
  }

  close(): void {
    this.#giveUp();
    this.#become(connectivityState.SHUTDOWN);
    this.#failWaiting('the channel is closed');
  }

  getTarget(): string {
    return this.address;
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    if (this.#state === connectivityState.SHUTDOWN) return this.#state;
    if (tryToConnect && this.#state === connectivityState.IDLE) this.#connect();
    return this.#state;
  }

  watchConnectivityState(_: connectivityState, __: Date | number, callback: (error?: Error) => void): void {
    if (this.#state === connectivityState.SHUTDOWN) throw new Error('the channel is closed');
    this.#watchers.push(callback);
  }

  getChannelzRef(): ReturnType<ChannelInterface['getChannelzRef']> {
    throw new Error('a simulated channel is not listed');
  }

  createCall(path: string, deadline: Date | number): Call {
    const deadlineMs = typeof deadline === 'number' ? deadline : deadline.getTime();
    const timeoutMs = deadlineMs === Infinity ? Infinity : deadlineMs - this.host.clock.nowMs();
    return new SimCall(path, timeoutMs, this.host, this.address, (call) => this.#begin(call));
  }

  #begin(call: SimCall): void {
    if (this.#made?.connection.open === true) return this.#open(call, this.#made);
    switch (this.#state) {
      case connectivityState.SHUTDOWN:
      case connectivityState.TRANSIENT_FAILURE:
        return call.fail(status.UNAVAILABLE, `no connection to ${this.address}`);
      default:
        this.#waiting.push(call);
        if (this.#state !== connectivityState.CONNECTING) this.#connect();
    }
  }

  #open(call: SimCall, { connection, listener }: Made): void {
    const { path, timeoutMs, metadata } = call;
    const [trace] = metadata?.get(TRACEPARENT) ?? [];
    const traceparent = typeof trace === 'string' ? trace : undefined;
    call.carriedBy(connection, (end) => listener.open(path, traceparent, timeoutMs, this.host.name, end));
  }

  #connect(): void {
    this.#become(connectivityState.CONNECTING);
    this.#giveUp = this.network.connect(this.host, this.address, (made) => {
      if (this.#state === connectivityState.SHUTDOWN) return;
      if (typeof made === 'string') {
        this.#become(connectivityState.TRANSIENT_FAILURE);
        this.#failWaiting(`no connection to ${this.address}: ${made}`);
        this.host.after(this.#backOffMs * (0.8 + 0.4 * this.scheduler.random.next()), () => {
          if (this.#state === connectivityState.TRANSIENT_FAILURE) this.#become(connectivityState.IDLE);
        });
        return;
      }
      this.#made = made;
      made.connection.onBroken('client', () => {
        if (this.#made !== made) return;
        this.#made = undefined;
        if (this.#state !== connectivityState.SHUTDOWN) this.#become(connectivityState.IDLE);
      });
      this.#become(connectivityState.READY);
      for (const call of this.#waiting.splice(0)) this.#open(call, made);
    });
  }

  #failWaiting(cause: string): void {
    for (const call of this.#waiting.splice(0)) call.fail(status.UNAVAILABLE, cause);
  }

  #become(state: connectivityState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const watcher of this.#watchers.splice(0)) this.host.after(0, watcher);
  }
}
