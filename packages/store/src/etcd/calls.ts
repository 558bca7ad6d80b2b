import { Metadata, type Client } from '@grpc/grpc-js';
import { type Clock, FleetingMap, numberHash } from '@parkade/clock';
import { StoreError } from '../store.js';
import type { EtcdClients, Unary } from './clients.js';
import type { Cancellable } from './direct-call.js';
import type { Connected, Endpoints } from './endpoints.js';
import { DEFAULT_TIMEOUT_MS } from './options.js';
import { isStaleToken, storeErrorOf, type CallKind } from './store-error-of.js';
import type { TokenSource } from './token.js';

/**
 * Sends calls over one set of connections.
 *
 *   L1. A write is sent at most once, and only on a standing connection; so a failure to connect is a known outcome.
 *   L2. A read is sent again, on another endpoint, while its time lasts.
 *   L3. Every call ends by its deadline, or when the store closes.
 */
export class Calls {
  readonly #underWay = new FleetingMap<number, Cancellable>(numberHash);
  #count = 0;
  #closed = false;

  constructor(
    readonly endpoints: Endpoints,
    private readonly tokens: TokenSource,
    private readonly clock: Clock,
  ) {}

  /** Rejects with `StoreError`. */
  async unary<S extends keyof EtcdClients, Request, Response>(
    service: S,
    method: (client: EtcdClients[S]) => Unary<Request, Response>,
    request: Request,
    kind: CallKind,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<Response> {
    const deadlineMs = this.clock.monotonicMs() + timeoutMs;
    let staleTokens = 0;
    for (;;) {
      const { client, metadata, at } = await this.prepare(service, deadlineMs);
      const leftMs = deadlineMs - this.clock.monotonicMs();
      try {
        const attemptMs = kind === 'read' ? Math.max(leftMs / 2, Math.min(leftMs, MIN_ATTEMPT_MS)) : leftMs;
        return await this.#send(client, method(client), request, metadata, attemptMs);
      } catch (error: unknown) {
        if (isStaleToken(error) && staleTokens++ === 0) {
          this.forgetToken();
          continue;
        }
        const mapped = storeErrorOf(error, kind);
        if (mapped.code !== 'unavailable') throw mapped;
        this.endpoints.failed(at);
        const overMs = deadlineMs - this.clock.monotonicMs();
        if (kind === 'write' || this.#closed || overMs < MIN_ATTEMPT_MS / 2) throw mapped;
      }
    }
  }

  /** A connected client and the metadata of a call. Rejects with `StoreError`, outcome known. */
  async prepare<S extends keyof EtcdClients>(
    service: S,
    deadlineMs: number,
  ): Promise<Connected<S> & { readonly metadata: Metadata }> {
    if (this.#closed) throw new StoreError('unavailable', 'the store is closed');
    const connected = await this.endpoints.ready(service, deadlineMs);
    const metadata = new Metadata();
    // Without it a member that has lost its leader would keep us waiting.
    metadata.set('hasleader', 'true');
    const token = await this.tokens.token(deadlineMs);
    if (token !== undefined) metadata.set('token', token);
    return { ...connected, metadata };
  }

  /** The token was refused: the next call gets a new one. */
  forgetToken(): void {
    this.tokens.forget();
  }

  /** The gRPC deadline of a call that may take `timeoutMs` from now. */
  deadline(timeoutMs: number): { deadline: number } {
    return { deadline: this.clock.nowMs() + timeoutMs };
  }

  /** Keeps a call so that `close` ends it; call the returned function when it is over. */
  track(call: Cancellable): () => void {
    const number = ++this.#count;
    this.#underWay.set(number, call);
    if (this.#closed) call.cancel();
    return () => void this.#underWay.delete(number);
  }

  close(): void {
    this.#closed = true;
    this.#underWay.forEach((call) => call.cancel());
    this.endpoints.close();
  }

  #send<Request, Response>(
    client: Client,
    method: Unary<Request, Response>,
    request: Request,
    metadata: Metadata,
    timeoutMs: number,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call: Cancellable = method.call(client, request, metadata, this.deadline(timeoutMs), (error, response) => {
        done();
        if (error !== null) reject(error);
        else if (response === undefined) reject(new Error('an answer without a message'));
        else resolve(response);
      });
      const done = this.track(call);
    });
  }
}

/** A read is given at least this long on one endpoint. */
const MIN_ATTEMPT_MS = 200;
