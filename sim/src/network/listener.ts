import { type MethodDefinition, status } from '@grpc/grpc-js';
import { type Clock, sleep } from '@parkade/clock';
import type { MountedService, RpcServer } from '@parkade/rpc';
import type { Host } from '../world/host.js';
import type { Connection } from './connection.js';
import { type ServerEnd, type StreamHandler, streamCall, type UnaryHandler, unaryCall } from './server-call.js';

type Method = MethodDefinition<unknown, unknown>;

/** What a caller of a method hands over when it opens a call. */
export interface OpenedCall {
  /** A request, as bytes. */
  message(bytes: Buffer): void;
  halfClosed(): void;
  /** The caller, or its connection, is gone. */
  cancelled(): void;
}

/** What listens for a host in place of a gRPC server: it decodes, calls the handlers of production, and encodes what they answer. */
export class SimListener implements RpcServer {
  readonly #methods = new Map<string, { readonly method: Method; readonly handler: unknown }>();
  readonly #connections = new Set<Connection>();
  readonly #calls = new Set<OpenedCall>();
  readonly #clock: Clock;
  #stopped = false;

  constructor(
    readonly host: Host,
    readonly port: number,
    services: readonly MountedService[],
    readonly closed: () => void,
  ) {
    this.#clock = host.clock;
    for (const { definition, implementation } of services) {
      for (const [name, method] of Object.entries(definition) as [string, Method][]) {
        this.#methods.set(method.path, { method, handler: implementation[name] });
      }
    }
  }

  setServing(): void {
    return;
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.closed();
    const endMs = this.#clock.monotonicMs() + graceMs;
    while (this.#calls.size > 0 && this.#clock.monotonicMs() < endMs) await sleep(this.#clock, 10);
    for (const connection of [...this.#connections]) connection.break('the server has stopped');
  }

  accept(connection: Connection): void {
    this.#connections.add(connection);
    connection.onBroken('server', () => void this.#connections.delete(connection));
  }

  /** Begins a call. Refused, it ends at once. */
  open(path: string, traceparent: string | undefined, timeoutMs: number, peer: string, end: ServerEnd): OpenedCall {
    const found = this.#methods.get(path);
    // Its end may come before `streamCall` has returned.
    const state: { over: boolean; call?: OpenedCall } = { over: false };
    const told: ServerEnd = {
      message: (bytes) => end.message(bytes),
      ended: (ended) => {
        state.over = true;
        if (state.call !== undefined) this.#calls.delete(state.call);
        end.ended(ended);
      },
    };
    if (this.#stopped) return refused(end, status.UNAVAILABLE, 'the server is stopping');
    if (found === undefined) return refused(end, status.UNIMPLEMENTED, `nobody serves ${path}`);
    const { method, handler } = found;
    const deadlineMs = timeoutMs === Infinity ? Infinity : this.#clock.nowMs() + timeoutMs;
    const about = { path, deadlineMs, peer, traceparent };
    const call =
      method.requestStream || method.responseStream
        ? streamCall(method, handler as StreamHandler, about, told)
        : unaryCall(method, handler as UnaryHandler, about, told);
    state.call = call;
    if (!state.over) this.#calls.add(call);
    return {
      ...call,
      cancelled: () => {
        this.#calls.delete(call);
        call.cancelled();
      },
    };
  }
}

function refused(end: ServerEnd, code: status, details: string): OpenedCall {
  const none = (): void => undefined;
  end.ended({ code, details });
  return { message: none, halfClosed: none, cancelled: none };
}
