import { SystemClock } from '@parkade/clock';
import { Consistency, type GetParkRequest, ParkServiceService, Reason } from '@parkade/proto';
import { GrpcServer, NO_SECURITY, Refused, unary } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { GrpcParkApi } from './park-api.js';

const clock = new SystemClock();
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const request: GetParkRequest = {
  tenantId: 'acme',
  by: { $case: 'parkId', value: 'p' },
  consistency: Consistency.FENCED,
};

/** A gateway that refuses for this reason, so often. */
async function gateway(reason: Reason, times: number): Promise<{ api: GrpcParkApi; asked: () => number }> {
  let asked = 0;
  const getPark = unary(
    () => Promise.resolve(asked++ < times ? new Refused(reason, 'not now') : { park: undefined, fenced: true }),
    () => undefined,
  );
  const service = { definition: ParkServiceService, implementation: { getPark } };
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services: [service] }, clock);
  const api = new GrpcParkApi(`127.0.0.1:${server.port}`, 5_000, clock, NO_SECURITY.peers);
  closers.push(
    () => server.stop(0),
    () => api.close(),
  );
  return { api, asked: () => asked };
}

describe('a request of the media', () => {
  it.each([Reason.NO_OWNER, Reason.STORE_FULL, Reason.OVERLOADED, Reason.INTERNAL])(
    'is repeated where the refusal says nothing of it: %s',
    async (reason) => {
      const { api, asked } = await gateway(reason, 2);
      expect(await api.getPark(request)).toMatchObject({ ok: true });
      expect(asked()).toBe(3);
    },
  );

  it('is refused where the refusal is about it', async () => {
    const { api, asked } = await gateway(Reason.PARK_NOT_FOUND, 1);
    expect(await api.getPark(request)).toMatchObject({ ok: false, known: true, reason: Reason.PARK_NOT_FOUND });
    expect(asked()).toBe(1);
  });
});
