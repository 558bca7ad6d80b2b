import { credentials, Metadata, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { ManualClock, SystemClock } from '@parkade/clock';
import { Actor, ParkResponse, ParkServiceClient, ParkServiceService, RetrieveRequest } from '@parkade/proto';
import {
  ACTOR_HEADER,
  GrpcServer,
  type MountedService,
  NO_SECURITY,
  PROCESS_HEADER,
  type Security,
} from '@parkade/rpc';
import { afterEach, expect, test } from 'vitest';
import type { Authenticator } from '../authenticator.js';
import { DEFAULT_CLAIM, principalOf } from '../claims.js';
import { SERVICE_PRINCIPAL } from '../principal.js';
import { askerOf } from './actor.js';
import { callGuard } from './call-guard.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The token `service` is a process's; every other one is of whoever it names. */
const authenticator: Authenticator = {
  authenticate: (token = '') =>
    token === 'service'
      ? SERVICE_PRINCIPAL
      : (principalOf({ sub: token, parkade: { operator: true } }, DEFAULT_CLAIM, Infinity) ?? SERVICE_PRINCIPAL),
  close: () => undefined,
};

/** Who asked for a retrieve, as a server makes out that is asked with these headers. */
async function asked(headers: Readonly<Record<string, string | Buffer>>, guard: Security['guard']): Promise<unknown> {
  const heard: (Actor | undefined)[] = [];
  const retrieve = (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<ParkResponse>): void => {
    heard.push(askerOf(call, 'ParkService/Retrieve'));
    done(null, ParkResponse.fromPartial({}));
  };
  const methods = Object.keys(ParkServiceService).map((name) => [name, retrieve] as const);
  const service = { definition: ParkServiceService, implementation: Object.fromEntries(methods) };
  const security = { ...NO_SECURITY, guard };
  const config = { host: '127.0.0.1', port: 0, services: [service as unknown as MountedService], security };
  const server = await GrpcServer.start(config, new SystemClock());
  closers.push(() => server.stop(0));
  const client = new ParkServiceClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
  closers.push(() => client.close());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  await new Promise<void>((resolve, reject) => {
    client.retrieve(RetrieveRequest.fromPartial({ tenantId: 'acme' }), metadata, (error) =>
      error === null ? resolve() : reject(new Error(error.message)),
    );
  });
  return heard[0];
}

const alice: Actor = { principal: 'alice', peer: '192.0.2.1', operation: 'board retrieve' };
const says = { [ACTOR_HEADER]: Buffer.from(Actor.encode(alice).finish()) };
const guarded = callGuard(authenticator, { clock: new ManualClock(1_000_000) });
const isOpen = NO_SECURITY.guard;

test('a process of the cluster asks for whom it says', async () => {
  expect(await asked({ authorization: 'Bearer service', ...says }, guarded)).toEqual(alice);
  expect(await asked({ [PROCESS_HEADER]: 'media', ...says }, isOpen)).toEqual(alice);
});

test('a process that says nothing, or something else, asks for nobody', async () => {
  expect(await asked({ authorization: 'Bearer service' }, guarded)).toBeUndefined();
  for (const bad of [Buffer.from([0xff, 0xff]), Buffer.alloc(2_000, 'a')]) {
    expect(await asked({ authorization: 'Bearer service', [ACTOR_HEADER]: bad }, guarded)).toBeUndefined();
  }
});

test('nobody else is believed who says that he asks for another one', async () => {
  const bob = { principal: 'bob', operation: 'ParkService/Retrieve' };
  expect(await asked({ authorization: 'Bearer bob', [PROCESS_HEADER]: 'media', ...says }, guarded)).toMatchObject(bob);
  expect(await asked(says, isOpen)).toMatchObject({ principal: 'anybody', operation: 'ParkService/Retrieve' });
});
