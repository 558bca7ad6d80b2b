import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { StoreError, type CallOptions, type Lease } from '../store.js';
import type { Calls } from './calls.js';
import { DEFAULT_TIMEOUT_MS } from './options.js';
import { isStaleToken, storeErrorOf } from './store-error-of.js';

/** Leases over a connection of their own, so that no write and no watch delays a keepalive. */
export class EtcdLeases {
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

  /** One keepalive on a stream of its own: a stream that is kept open dies without a word. */
  async keepAlive(leaseId: string, options: CallOptions = {}): Promise<void> {
    const id = checkedId(leaseId);
    const deadlineMs = this.clock.monotonicMs() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const { client, metadata, at } = await this.calls.prepare('Lease', deadlineMs);
    const leftMs = deadlineMs - this.clock.monotonicMs();
    let ttl: string;
    try {
      const stream = client.leaseKeepAlive(metadata, this.calls.deadline(leftMs));
      const done = this.calls.track(stream);
      ttl = await firstAnswer(stream, id).finally(done);
    } catch (error: unknown) {
      if (isStaleToken(error)) this.calls.forgetToken();
      const mapped = storeErrorOf(error, 'read');
      if (mapped.code === 'unavailable') this.calls.endpoints.failed(at);
      throw mapped;
    }
    if (ttl === '0') throw new StoreError('lease-not-found', `lease ${leaseId} is gone`);
  }
}

function firstAnswer(
  stream: ClientDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>,
  id: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    stream.on('data', (answer: ILeaseKeepAliveResponse) => {
      resolve(answer.TTL);
      stream.end();
    });
    stream.on('error', reject);
    stream.on('end', () => reject(new StoreError('unavailable', 'etcd ended the keepalive without an answer')));
    stream.write({ ID: id });
  });
}

/** etcd's lease ids are 64-bit integers; anything else was never granted. Throws `StoreError('lease-not-found')`. */
function checkedId(leaseId: string): string {
  if (/^-?\d{1,19}$/.test(leaseId)) return leaseId;
  throw new StoreError('lease-not-found', `lease ${leaseId} is gone`);
}
