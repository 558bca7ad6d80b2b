import { connectivityState, credentials, type ChannelCredentials, type Client } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { noop } from 'cockatiel';
import { Host } from 'etcd3/lib/connection-pool.js';
import { StoreError } from '../store.js';
import type { EtcdClients } from './clients.js';
import { CHANNEL_OPTIONS, CONNECT_TIMEOUT_MS, REFUSED_PAUSE_MS, type TlsOptions } from './options.js';

/** A client whose connection stands, and the number of its endpoint, for `failed`. */
export interface Connected<S extends keyof EtcdClients> {
  readonly client: EtcdClients[S];
  readonly at: number;
}

/**
 * The connections of one purpose (writes, leases or watches): one to the endpoint in use, which is kept until it fails.
 *
 *   N1. `ready` gives a client only when its connection stands; where it rejects, nothing was sent.
 *   N2. A failure moves on from the endpoint that failed, once, however many calls it failed.
 */
export class Endpoints {
  readonly #hosts: readonly Host[];
  #current: number;
  #closed = false;

  /** `first` spreads processes or purposes over the endpoints: the index of the one to start with. */
  constructor(
    endpoints: readonly string[],
    tls: TlsOptions | undefined,
    private readonly clock: Clock,
    first = 0,
  ) {
    const channelCredentials = credentialsOf(endpoints, tls);
    this.#hosts = endpoints.map((endpoint) => new Host(endpoint, channelCredentials, CHANNEL_OPTIONS, noop));
    this.#current = first % endpoints.length;
  }

  /**
   * A connected client, of the current endpoint or of the first that answers after it. Rejects with
   * `StoreError('unavailable')`, outcome known, when none did before `deadlineMs` on the monotonic clock.
   */
  async ready<S extends keyof EtcdClients>(service: S, deadlineMs: number): Promise<Connected<S>> {
    let refused = 0;
    for (;;) {
      const at = this.#current;
      const client = this.#client(service, at);
      const state = client.getChannel().getConnectivityState(true);
      if (state === connectivityState.READY) return { client, at };
      const leftMs = deadlineMs - this.clock.monotonicMs();
      if (leftMs <= 0) throw new StoreError('unavailable', 'no etcd endpoint could be reached in time');
      if (state === connectivityState.TRANSIENT_FAILURE) {
        this.failed(at);
        refused++;
        // All of them refuse: wait a little for the next one's own attempts to connect.
        if (refused % this.#hosts.length === 0) await becomesReady(client, this.#deadline(leftMs, REFUSED_PAUSE_MS));
      } else if (!(await changes(client, state, this.#deadline(leftMs, CONNECT_TIMEOUT_MS)))) {
        this.failed(at);
      }
    }
  }

  /** The endpoint `at` does not work: the next calls go to the one after it. */
  failed(at: number): void {
    if (at === this.#current) this.#current = (at + 1) % this.#hosts.length;
  }

  close(): void {
    this.#closed = true;
    for (const host of this.#hosts) host.close();
  }

  #client<S extends keyof EtcdClients>(service: S, at: number): EtcdClients[S] {
    const host = this.#hosts[at];
    if (host === undefined || this.#closed) throw new StoreError('unavailable', 'the store is closed');
    const client: Client = host.getServiceClient(service);
    return client as EtcdClients[S];
  }

  #deadline(leftMs: number, atMostMs: number): number {
    return this.clock.nowMs() + Math.min(leftMs, atMostMs);
  }
}

function becomesReady(client: Client, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    client.waitForReady(deadline, (error) => resolve(error === undefined));
  });
}

/** Whether the connection leaves `state` before `deadline`. */
function changes(client: Client, state: connectivityState, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    client.getChannel().watchConnectivityState(state, deadline, (error) => resolve(error === undefined));
  });
}

function credentialsOf(endpoints: readonly string[], tls: TlsOptions | undefined): ChannelCredentials {
  const secure = endpoints.filter((endpoint) => endpoint.startsWith('https:')).length;
  if (tls === undefined && secure === 0) return credentials.createInsecure();
  if (endpoints.some((endpoint) => endpoint.startsWith('http:')) || (tls === undefined && secure < endpoints.length)) {
    throw new StoreError('invalid', 'etcd endpoints are either all secure or none');
  }
  return credentials.createSsl(tls?.rootCertificate ?? null, tls?.privateKey ?? null, tls?.certChain ?? null);
}
