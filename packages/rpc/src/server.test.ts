import { Client, credentials, status } from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import {
  GetSlotRequest,
  GetSlotResponse,
  type GetSlotRequest as Request,
  type GetSlotResponse as Response,
  ParkServiceClient,
  ParkServiceService,
  Reason,
} from '@parkade/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { unary } from './handlers.js';
import { callFailure, Refused } from './refused.js';
import { GrpcServer, type MountedService } from './server.js';

const clock = new SystemClock();
const defects: unknown[] = [];
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  defects.length = 0;
});

async function start(
  handle: (request: Request) => Promise<Response | Refused>,
): Promise<{ server: GrpcServer; address: string }> {
  const notHere = (): void => undefined;
  const methods = Object.keys(ParkServiceService).map((name) => [name, notHere] as const);
  const implementation = { ...Object.fromEntries(methods), getSlot: unary(handle, (error) => defects.push(error)) };
  const service = { definition: ParkServiceService, implementation } as unknown as MountedService;
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services: [service] }, clock);
  closers.push(() => server.stop(0));
  return { server, address: `127.0.0.1:${server.port}` };
}

function client(address: string): ParkServiceClient {
  const made = new ParkServiceClient(address, credentials.createInsecure());
  closers.push(() => made.close());
  return made;
}

const getSlot = (from: ParkServiceClient): Promise<Response> =>
  new Promise((resolve, reject) => {
    from.getSlot(GetSlotRequest.create(), (error, response) => (error === null ? resolve(response) : reject(error)));
  });

describe('GrpcServer', () => {
  it('answers, refuses with a reason, and hides a defect behind INTERNAL', async () => {
    let next: () => Promise<Response | Refused> = () => Promise.resolve(GetSlotResponse.create({ fenced: true }));
    const { address } = await start(() => next());
    const caller = client(address);
    expect((await getSlot(caller)).fenced).toBe(true);
    next = () => Promise.resolve(new Refused(Reason.SLOT_EMPTY, 'Nobody.'));
    expect(callFailure(await getSlot(caller).catch((error: unknown) => error))).toMatchObject({
      reason: Reason.SLOT_EMPTY,
    });
    next = () => Promise.reject(new Error('secret detail'));
    const failure = callFailure(await getSlot(caller).catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: status.INTERNAL, reason: Reason.INTERNAL });
    expect(failure.message).not.toContain('secret');
    expect(defects).toHaveLength(1);
  });

  it('tells a message that does not decode from a defect', async () => {
    const { address } = await start(() => Promise.resolve(GetSlotResponse.create()));
    const raw = new Client(address, credentials.createInsecure());
    closers.push(() => raw.close());
    const error = await new Promise((resolve) => {
      const { path } = ParkServiceService.getSlot;
      raw.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        Buffer.from([0x0a, 0xff, 0x01]),
        resolve,
      );
    });
    expect(callFailure(error)).toMatchObject({ code: status.INVALID_ARGUMENT, reason: Reason.MALFORMED_MESSAGE });
  });

  it('says whether it serves, and stops within its grace although a call never ends', async () => {
    const { server, address } = await start(() => new Promise(() => undefined));
    server.setServing(true);
    const hanging = getSlot(client(address)).catch((error: unknown) => callFailure(error).code);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startMs = clock.monotonicMs();
    await server.stop(200);
    expect(clock.monotonicMs() - startMs).toBeLessThan(2_000);
    expect([status.UNAVAILABLE, status.CANCELLED]).toContain(await hanging);
  });

  it('says which address is taken', async () => {
    const { server } = await start(() => Promise.resolve(GetSlotResponse.create()));
    await expect(GrpcServer.start({ host: '127.0.0.1', port: server.port, services: [] }, clock)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${server.port}`,
    );
  });
});
