import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type CommandsResponse, ErrorInfo, ParkServiceClient, Reason, RetryInfo, Status } from '@parkade/proto';
import { callFailure, PROCESS_HEADER } from '@parkade/rpc';
import { ensureTenantLot, putQuotas, putSystem, type QuotaSettings } from '@parkade/settings';
import { afterEach, describe, expect, it } from 'vitest';
import { parkRequest, retrieveRequest, says } from '../testing/samples.testing.js';
import { TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

const until = { timeout: 10_000, interval: 20 };

/** A gateway at which `acme` has these quotas. */
async function withQuotas(quotas: QuotaSettings): Promise<void> {
  bed = await TestBed.start({ httpPort: 0 });
  bed.owner.script = () => says.park({ slot: '701' });
  await inForce(quotas);
}

/** Resolves when the gateway has seen them: it tells the owner so with a command of another tenant. */
async function inForce(quotas: QuotaSettings): Promise<void> {
  const written = await putQuotas(bed.store, 'acme', quotas);
  if (!written.ok) throw new Error(JSON.stringify(written));
  await ensureTenantLot(bed.store, 'other', 'default');
  const seen = async (): Promise<number> => {
    await bed.call('park', parkRequest({ tenantId: 'other' }));
    return bed.owner.commands.splice(-1)[0]?.settingsRevision ?? 0;
  };
  await expect.poll(seen, until).toBeGreaterThanOrEqual(written.revision);
}

/** A request that is not answered, as the client hears it. */
function parkWith(metadata: Metadata): Promise<ServiceError | undefined> {
  const client = new ParkServiceClient(bed.current.address, credentials.createInsecure());
  return new Promise((resolve) => {
    client.park(parkRequest(), metadata, (error) => {
      client.close();
      resolve(error ?? undefined);
    });
  });
}

/** Parks until a request is refused: a slow machine lets the bucket fill again. */
async function refused(metadata = new Metadata()): Promise<ServiceError> {
  for (;;) {
    const error = await parkWith(metadata);
    if (error !== undefined) return error;
  }
}

describe('requests a second', () => {
  it('beyond the quota are refused with its reason and when to come again, before an owner hears of them', async () => {
    await withQuotas({ requests_per_second: 1, request_burst: 2 });
    const error = await refused();
    const asked = bed.owner.commands.length;
    expect(asked).toBeGreaterThanOrEqual(2);
    const [raw] = error.metadata.get('grpc-status-details-bin');
    const details = Status.decode(raw as Buffer).details;
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(ErrorInfo.decode(details[0]?.value ?? Buffer.alloc(0))).toMatchObject({
      reason: 'RATE_EXCEEDED',
      domain: 'parkade',
      metadata: { quota: 'requests_per_second', limit: '1' },
    });
    const { retryDelay } = RetryInfo.decode(details[1]?.value ?? Buffer.alloc(0));
    expect((retryDelay?.seconds ?? 0) + (retryDelay?.nanos ?? 0)).toBeGreaterThan(0);
    // Another tenant is not concerned.
    expect(await bed.call('park', parkRequest({ tenantId: 'other' }))).toMatchObject({ park: { slot: '701' } });
  });

  it('are counted on streams, in watches and over REST as well, where 429 says how long to wait', async () => {
    await withQuotas({ requests_per_second: 1, request_burst: 1 });
    const byStream = async (): Promise<unknown> => {
      const stream = bed.client.commands();
      const answered = new Promise<CommandsResponse>((resolve) => stream.on('data', resolve));
      const command = { $case: 'park' as const, value: parkRequest() };
      stream.write({ correlationId: 1, timeout: undefined, command, batch: [] });
      const { answer } = await answered;
      stream.end();
      return answer?.$case === 'error' ? answer.value.reason : answer?.$case;
    };
    await expect.poll(byStream, until).toBe(Reason.RATE_EXCEEDED);
    const byWatch = async (): Promise<unknown> => {
      const watch = bed.watch();
      await watch.first(1);
      watch.stream.cancel();
      return watch.failure;
    };
    const refusal = { code: status.RESOURCE_EXHAUSTED, reason: Reason.RATE_EXCEEDED };
    await expect.poll(byWatch, until).toMatchObject(refusal);
    const byRest = async (): Promise<unknown> => {
      const headers = { 'parkade-tenant': 'acme' };
      const answer = await fetch(`${bed.current.httpUrl}/api/lots`, { headers });
      return { status: answer.status, after: answer.headers.get('retry-after'), body: await answer.json() };
    };
    const metadata = { quota: 'requests_per_second' };
    const problem = { status: 429, after: '1', body: { reason: 'RATE_EXCEEDED', metadata } };
    await expect.poll(byRest, until).toMatchObject(problem);
  });

  it('of the cluster’s own processes are never refused, and what ends a stay comes before what is new', async () => {
    await withQuotas({ requests_per_second: 1, request_burst: 20 });
    expect(callFailure(await refused())).toMatchObject({ reason: Reason.RATE_EXCEEDED });
    for (let i = 0; i < 10; i++) await bed.call('retrieve', retrieveRequest());
    expect(await bed.failure('park', parkRequest())).toMatchObject({ reason: Reason.RATE_EXCEEDED });
    const media = new Metadata();
    media.set(PROCESS_HEADER, 'media');
    for (let i = 0; i < 20; i++) expect(await parkWith(media)).toBeUndefined();
  });
});

describe('watches', () => {
  it('beyond the quota are refused until one ends', async () => {
    await withQuotas({ watches: 2 });
    const [first, second] = [bed.watch(), bed.watch()];
    await Promise.all([first.first(1), second.first(1)]);
    const third = bed.watch();
    await third.first(1);
    expect(third.failure).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: Reason.QUOTA_EXCEEDED,
      metadata: { quota: 'watches', limit: '2' },
    });
    first.stream.cancel();
    await expect
      .poll(async () => {
        const again = bed.watch();
        const lines = await again.first(1);
        return [lines.length, again.failure];
      }, until)
      .toEqual([1, undefined]);
  });

  it('at several gateways are counted together', async () => {
    await withQuotas({ watches: 6 });
    const first = Array.from({ length: 6 }, () => bed.watch());
    await Promise.all(first.map((watch) => watch.first(1)));
    expect(first.map(({ failure }) => failure)).toEqual(Array(6).fill(undefined));
    await bed.gateway();
    // The second hears of the first within half a second or so.
    await expect
      .poll(async () => {
        const watch = bed.watch();
        await watch.first(1);
        watch.stream.cancel();
        return watch.failure?.reason;
      }, until)
      .toBe(Reason.QUOTA_EXCEEDED);
  });
});

describe('quotas of the system', () => {
  it('hold for tenants that have none of their own, and follow the settings', async () => {
    await withQuotas({});
    await putSystem(bed.store, { quotas: { requests_per_second: 1, request_burst: 1 } });
    const reasons = async (): Promise<unknown> => {
      const outcome = await bed.call('park', parkRequest()).catch((error: unknown) => callFailure(error).reason);
      return typeof outcome === 'object' ? 'parked' : outcome;
    };
    await expect.poll(reasons, until).toBe(Reason.RATE_EXCEEDED);
    await inForce({ requests_per_second: 1_000 });
    await expect.poll(reasons, until).toBe('parked');
  });
});
