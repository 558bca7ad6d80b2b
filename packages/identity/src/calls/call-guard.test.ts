import { type ClientOptions, credentials, Metadata, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { ManualClock, SystemClock } from '@parkade/clock';
import {
  CommandsRequest,
  type CommandsRequest as Commands,
  type CommandsResponse,
  GetSlotRequest,
  GetSlotResponse,
  MoveParkRequest,
  ParkResponse,
  ParkServiceClient,
  ParkServiceService,
  Reason,
} from '@parkade/proto';
import { callFailure, GrpcServer, type LotOf, type MountedService, NO_SECURITY, Refused, unary } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { type Authenticator, unauthenticated } from '../authenticator.js';
import { DEFAULT_CLAIM, principalOf } from '../claims.js';
import { SERVICE_PRINCIPAL } from '../principal.js';
import { callGuard, permitOf } from './call-guard.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const NEVER = Number.POSITIVE_INFINITY;
const RIGHTS: Readonly<Record<string, unknown>> = {
  viewer: { tenants: { acme: { roles: ['view'] } } },
  sales: { tenants: { acme: { lots: { sales: ['park', 'view'] } } } },
  parker: { tenants: { acme: { roles: ['park'] } } },
};

/** Tokens are names of `RIGHTS`; "late" ones are told a turn later. */
function authenticator(expiresAtMs: number): Authenticator {
  return {
    authenticate: (token = '') => {
      const [name = '', late] = token.split('-');
      if (name === 'service') return SERVICE_PRINCIPAL;
      const claims = { sub: name, parkade: RIGHTS[name] };
      const who = name in RIGHTS ? principalOf(claims, DEFAULT_CLAIM, expiresAtMs) : undefined;
      const answer = who ?? unauthenticated('Who are you?');
      return late === undefined ? answer : new Promise((resolve) => setTimeout(() => resolve(answer), 5));
    },
    close: () => undefined,
  };
}

interface World {
  readonly client: ParkServiceClient;
  readonly clock: ManualClock;
  /** RPCs that reached their handler. */
  readonly entered: string[];
}

async function world(lotOf?: LotOf): Promise<World> {
  const clock = new ManualClock(1_000_000);
  const entered: string[] = [];
  const answer = (name: string) =>
    unary(
      () => Promise.resolve((entered.push(name), { ...GetSlotResponse.create(), ...ParkResponse.create() })),
      () => undefined,
    );
  const methods = Object.keys(ParkServiceService).map((name) => [name, answer(name)] as const);
  const implementation = {
    ...Object.fromEntries(methods),
    watchSlots: () => void entered.push('watchSlots'),
    commands: (call: ServerDuplexStream<Commands, CommandsResponse>) => {
      entered.push('commands');
      call.on('data', (message: Commands) => {
        void Promise.resolve(permitOf(call)(message)).then((refused) => {
          const value = { code: 0, reason: refused?.reason ?? Reason.UNSPECIFIED, message: '', metadata: {} };
          call.write({ correlationId: message.correlationId, answer: { $case: 'error', value }, batch: [] });
        });
      });
      call.on('end', () => call.end());
    },
  };
  const service = { definition: ParkServiceService, implementation } as unknown as MountedService;
  const guard = callGuard(authenticator(1_000_000 + 60_000), { clock });
  const config = { host: '127.0.0.1', port: 0, services: [service], security: { ...NO_SECURITY, guard }, lotOf };
  const server = await GrpcServer.start(config, new SystemClock());
  closers.push(() => server.stop(0));
  const options: ClientOptions = {};
  const client = new ParkServiceClient(`127.0.0.1:${server.port}`, credentials.createInsecure(), options);
  closers.push(() => client.close());
  return { client, clock, entered };
}

function bearer(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function getSlot({ client }: World, token: string | undefined, tenantId = 'acme', lotId = ''): Promise<unknown> {
  const request = GetSlotRequest.fromPartial({ tenantId, slot: { lotId, slot: '701' } });
  return new Promise((resolve) => {
    client.getSlot(request, bearer(token), (error) => resolve(error === null ? 'ok' : callFailure(error)));
  });
}

function movePark({ client }: World, token: string, lotId: string): Promise<unknown> {
  const request = MoveParkRequest.fromPartial({ tenantId: 'acme', parkId: 'p', slot: { lotId, slot: '1' } });
  return new Promise((resolve) => {
    client.movePark(request, bearer(token), (error) => resolve(error === null ? 'ok' : callFailure(error).reason));
  });
}

describe('the guard before a service', () => {
  it('lets in who has the right, and nobody else reaches the handler (G1)', async () => {
    const at = await world();
    expect(await getSlot(at, 'viewer')).toBe('ok');
    expect(await getSlot(at, 'viewer-late')).toBe('ok');
    expect(await getSlot(at, 'service', 'any')).toBe('ok');
    expect(await getSlot(at, 'sales', 'acme', 'sales')).toBe('ok');
    expect(at.entered.splice(0)).toHaveLength(4);
    const noToken = { code: status.UNAUTHENTICATED, reason: Reason.UNAUTHENTICATED };
    for (const token of [undefined, 'stranger', 'stranger-late'])
      expect(await getSlot(at, token)).toMatchObject(noToken);
    const other = { code: status.NOT_FOUND, reason: Reason.TENANT_NOT_FOUND };
    for (const token of ['viewer', 'viewer-late']) expect(await getSlot(at, token, 'other')).toMatchObject(other);
    const denied = { code: status.PERMISSION_DENIED, reason: Reason.PERMISSION_DENIED };
    expect(await getSlot(at, 'sales')).toMatchObject(denied);
    expect(await getSlot(at, 'parker')).toMatchObject(denied);
    expect(at.entered).toEqual([]);
  });

  it('takes no other kind of authorization for a token', async () => {
    const at = await world();
    for (const header of ['viewer', 'Basic viewer', 'Bearer', 'Bearer viewer x']) {
      const metadata = new Metadata();
      metadata.set('authorization', header);
      const failure = await new Promise((resolve) => {
        at.client.getSlot(GetSlotRequest.create(), metadata, (error) => resolve(error?.code));
      });
      expect([header, failure]).toEqual([header, status.UNAUTHENTICATED]);
    }
  });

  it('asks for the lot of a park where rights are in single lots', async () => {
    const missing = new Refused(Reason.PARK_NOT_FOUND, 'No park.');
    let lot: string | Refused = 'sales';
    const asked: string[] = [];
    const at = await world((tenantId, parkId) => {
      asked.push(`${tenantId} ${parkId}`);
      return Promise.resolve(lot);
    });
    expect(await movePark(at, 'parker', 'default')).toBe('ok');
    expect(asked).toEqual([]);
    expect(await movePark(at, 'sales', 'sales')).toBe('ok');
    expect(await movePark(at, 'sales', 'default')).toBe(Reason.PERMISSION_DENIED);
    lot = 'default';
    expect(await movePark(at, 'sales', 'sales')).toBe(Reason.PERMISSION_DENIED);
    lot = missing;
    expect(await movePark(at, 'sales', 'sales')).toBe(Reason.PARK_NOT_FOUND);
    expect(await movePark(at, 'viewer', 'sales')).toBe(Reason.PERMISSION_DENIED);
    expect(asked).toEqual(Array(4).fill('acme p'));
    expect(await movePark(await world(), 'sales', 'sales')).toBe(Reason.PERMISSION_DENIED);
  });

  it('asks about each command of a stream, also when the caller was recognised late', async () => {
    const at = await world();
    const stream = at.client.commands(bearer('parker-late'));
    const answers = new Map<number, Reason>();
    stream.on('data', ({ correlationId, answer }: CommandsResponse) => {
      if (answer?.$case === 'error') answers.set(correlationId, answer.value.reason);
    });
    const target = { kind: { $case: 'slot' as const, value: { lotId: '', slot: '1' } } };
    const send = (correlationId: number, command: object): void =>
      void stream.write(CommandsRequest.fromPartial({ correlationId, ...command }));
    send(1, { command: { $case: 'park', value: { tenantId: 'acme', target } } });
    send(2, { command: { $case: 'getSlot', value: { tenantId: 'acme' } } });
    send(3, { command: { $case: 'park', value: { tenantId: 'other', target } } });
    stream.end();
    await new Promise((resolve) => stream.on('end', resolve));
    expect(Object.fromEntries(answers)).toEqual({
      1: Reason.UNSPECIFIED,
      2: Reason.PERMISSION_DENIED,
      3: Reason.TENANT_NOT_FOUND,
    });
    const stranger = at.client.commands(bearer(undefined));
    const code = await new Promise((resolve) => stranger.on('error', (error) => resolve(callFailure(error).code)));
    expect(code).toBe(status.UNAUTHENTICATED);
    expect(at.entered).toEqual(['commands']);
  });

  it('ends a stream when its token expires, and not before (G3)', async () => {
    const at = await world();
    const watch = at.client.watchSlots({ tenantId: 'acme', lotId: '', resumeToken: '' }, bearer('viewer'));
    const ended = new Promise((resolve) => watch.on('error', (error) => resolve(callFailure(error).reason)));
    await expect.poll(() => at.entered).toEqual(['watchSlots']);
    let over = false;
    void ended.then(() => (over = true));
    await at.clock.advance(59_999);
    expect(await getSlot(at, 'viewer')).toBe('ok');
    expect(over).toBe(false);
    await at.clock.advance(1);
    expect(await ended).toBe(Reason.UNAUTHENTICATED);
    expect(at.clock.pendingTimers).toBe(0);
  });

  it('does not let a service start of which it does not know whom it serves', () => {
    const guard = callGuard(authenticator(NEVER), { clock: new ManualClock() });
    const unknown = { ...ParkServiceService.park, path: '/parkade.park.v1.ParkService/New' };
    expect(() => guard({ definition: { unknown }, implementation: {} })).toThrow('no rights are declared for');
  });
});
