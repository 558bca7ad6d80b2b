import type { Clock } from '@parkade/clock';
import { StoreError, type CallOptions, type Lease } from '../store.js';
import type { Calls } from './calls.js';
import { KeepAliveStream, type RawKeepAliveStream } from './keep-alive-stream.js';
import { DEFAULT_TIMEOUT_MS } from './options.js';
import { isStaleToken, storeErrorOf } from './store-error-of.js';

/** Leases over a connection of their own, so that no write and no watch delays a keepalive. */
export class EtcdLeases {
  #open: { readonly at: number; readonly stream: KeepAliveStream } | undefined;

  constructor(
    private readonly calls: Calls,
    private readonly clock: Clock,
  ) {}

  async grant(ttlMs: number, options: CallOptions = {}): Promise<Lease> {
    if (!(ttlMs > 0)) throw new StoreError('invalid', `lease TTL ${ttlMs} ms`);
    const request = { TTL: Math.ceil(ttlMs / 1_000) };
    const granted = await this.calls.unary('Lease', (client) => client.leaseGrant, request, 'write', options.timeoutMs);
    if (granted.error !== '') throw new StoreError('unavailable', granted.error);
    return { id: granted.ID, ttlMs: Number(granted.TTL) * 1_000 };
  }

  async revoke(leaseId: string, options: CallOptions = {}): Promise<void> {
    const request = { ID: checkedId(leaseId) };
    try {
      await this.calls.unary('Lease', (client) => client.leaseRevoke, request, 'write', options.timeoutMs);
    } catch (error: unknown) {
      if (!(error instanceof StoreError && error.code === 'lease-not-found')) throw error;
    }
  }

  /** One keepalive, on the stream of those before where that still goes to the endpoint in use. */
  async keepAlive(leaseId: string, options: CallOptions = {}): Promise<void> {
    const id = checkedId(leaseId);
    const deadlineMs = this.clock.monotonicMs() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const { client, metadata, at } = await this.calls.prepare('Lease', deadlineMs);
    let ttl: string;
    try {
      const stream = this.#streamTo(at, () => client.leaseKeepAlive(metadata, {}));
      ttl = await stream.send(id, deadlineMs - this.clock.monotonicMs());
    } catch (error: unknown) {
      if (isStaleToken(error)) this.calls.forgetToken();
      const mapped = storeErrorOf(error, 'read');
      if (mapped.code === 'unavailable') this.calls.endpoints.failed(at);
      throw mapped;
    }
    if (ttl === '0') throw new StoreError('lease-not-found', `lease ${leaseId} is gone`);
  }

  #streamTo(at: number, open: () => RawKeepAliveStream): KeepAliveStream {
    const known = this.#open;
    if (known?.at === at && !known.stream.over) return known.stream;
    known?.stream.cancel();
    const raw = open();
    const done = this.calls.track(raw);
    const stream = new KeepAliveStream(raw, this.clock, done);
    this.#open = { at, stream };
    return stream;
  }
}

/** etcd's lease ids are 64-bit integers; anything else was never granted. Throws `StoreError('lease-not-found')`. */
function checkedId(leaseId: string): string {
  if (/^-?\d{1,19}$/.test(leaseId)) return leaseId;
  throw new StoreError('lease-not-found', `lease ${leaseId} is gone`);
}
