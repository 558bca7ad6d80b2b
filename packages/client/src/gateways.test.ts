import { SystemClock } from '@parkade/clock';
import { type ParkRequest, ParkResponse, ParkServiceService, Reason } from '@parkade/proto';
import { GrpcServer, Refused, unary } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, ParkadeError } from './index.js';

const servers: GrpcServer[] = [];
const closes: (() => void)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) close();
  for (const server of servers.splice(0)) await server.stop(0);
});

/** A gateway that answers a park as it is told to, and keeps the request ids it saw. */
async function gateway(
  answer: (nth: number) => Refused | 'silence' | 'parked',
): Promise<{ address: string; seen: string[] }> {
  const seen: string[] = [];
  const park = unary(
    async ({ requestId }: ParkRequest) => {
      seen.push(requestId);
      const what = answer(seen.length);
      if (what instanceof Refused) return what;
      if (what === 'silence') await new Promise(() => undefined);
      return ParkResponse.fromPartial({ park: { parkId: 'p1', lotId: 'default', slot: '701' }, revision: 1 });
    },
    () => undefined,
  );
  const services = [{ definition: { park: ParkServiceService.park }, implementation: { park } }] as never;
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services }, new SystemClock());
  servers.push(server);
  return { address: `127.0.0.1:${server.port}`, seen };
}

function parks(addresses: readonly string[], options: { timeoutMs?: number; attemptMs?: number } = {}) {
  const parkade = connect({ gateways: addresses, ...options });
  closes.push(() => parkade.close());
  const tenant = parkade.tenant('acme');
  return () => tenant.park({ call: { mediaNode: 'n', callId: 'c' }, at: { kind: 'any' } });
}

async function failureOf(promise: Promise<unknown>): Promise<ParkadeError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof ParkadeError)) throw new Error('it was not refused');
  return error;
}

describe('a request', () => {
  it('is sent again under the same id, at the next gateway, while nobody refuses it for good', async () => {
    const draining = new Refused(Reason.DRAINING, 'later');
    const first = await gateway(() => draining);
    const second = await gateway((nth) => (nth < 3 ? draining : 'parked'));
    const { parkId } = await parks([first.address, second.address])();
    expect(parkId).toBe('p1');
    const seen = [...first.seen, ...second.seen];
    expect(second.seen).toHaveLength(3);
    expect(first.seen.length).toBeGreaterThanOrEqual(2);
    expect(new Set(seen).size).toBe(1);
  });

  it('is not sent again once it was refused for good', async () => {
    const only = await gateway(() => new Refused(Reason.LOT_FULL, 'full'));
    const error = await failureOf(parks([only.address])());
    expect([error.reason, error.code, error.again]).toEqual(['LOT_FULL', 'RESOURCE_EXHAUSTED', false]);
    expect(only.seen).toHaveLength(1);
  });

  it('leaves a gateway that says nothing for the next, and ends by its time', async () => {
    const silent = await gateway(() => 'silence');
    const good = await gateway(() => 'parked');
    expect((await parks([silent.address, good.address], { attemptMs: 300 })()).parkId).toBe('p1');
    const startedMs = Date.now();
    const error = await failureOf(parks([silent.address], { attemptMs: 300, timeoutMs: 900 })());
    expect(error.code).toBe('DEADLINE_EXCEEDED');
    expect(Date.now() - startedMs).toBeLessThan(8_000);
  });

  it('needs an address', () => {
    expect(() => connect({ gateways: [] })).toThrow(ParkadeError);
  });
});
