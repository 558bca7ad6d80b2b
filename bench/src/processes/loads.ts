import { credentials, type Metadata, status } from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import {
  type Command,
  type CommandsRequest,
  type CommandsResponse,
  type ExchangeRequest,
  ParkServiceClient,
} from '@parkade/proto';
import { BatchWriter, CHANNEL_OPTIONS } from '@parkade/rpc';
import { Etcd3 } from 'etcd3';
import { ECHO, EchoClient, NAIVE } from './echo-service.js';
import { parkOf, retrieveOf, tenantSlot, workerSlot } from './requests.js';
import type { LoadSetup, Opened } from './run-load.js';
import { bearer } from './trust.js';

const clock = new SystemClock();

export function unaryEcho(address: string): Opened {
  return unaryOf(address, ECHO.echo);
}

export function naivePuts(address: string): Opened {
  return unaryOf(address, NAIVE.put);
}

function unaryOf(address: string, method: typeof ECHO.echo): Opened {
  const client = new EchoClient(address);
  return {
    operate: (worker, _turn, done) =>
      client.unary(method, parkOf(workerSlot(worker)), (error) => done(error === null ? undefined : error.message)),
    close: () => client.close(),
  };
}

export function streamEcho(address: string): Opened {
  const client = new EchoClient(address);
  const stream = client.batches();
  const writer = new BatchWriter<Command, ExchangeRequest>(stream, (commands) => ({ commands }), clock, 1_024);
  const waiting = new Map<number, () => void>();
  stream.on('data', ({ commands }: ExchangeRequest) => {
    for (const { correlationId } of commands) waiting.get(correlationId)?.();
  });
  stream.on('error', () => undefined);
  return {
    operate: (worker, _turn, done) => {
      waiting.set(worker, done);
      const op = { $case: 'park', value: parkOf(workerSlot(worker)) } as const;
      const fields = { shard: 1, timeoutMs: 5_000, settingsRevision: 0, fingerprint: 0, part: 0, lotId: '', trace: '' };
      writer.push({ ...fields, correlationId: worker, op });
    },
    close: () => {
      stream.cancel();
      client.close();
    },
  };
}

/** Each call is by the application of its tenant, with a token of its own. */
export function unaryParks(address: string, { tokenOf, tenantId }: LoadSetup): Opened {
  const applications = new Map<string, Metadata>();
  const whoFor = (tenant: string): Metadata => {
    let who = applications.get(tenant);
    if (who === undefined) applications.set(tenant, (who = bearer(tokenOf(tenant))));
    return who;
  };
  const client = new ParkServiceClient(address, credentials.createInsecure(), { ...CHANNEL_OPTIONS });
  return {
    operate: (worker, turn, done) => {
      const slot = tenantId === undefined ? workerSlot(worker) : tenantSlot(worker, tenantId);
      const who = whoFor(slot.tenantId);
      const answered = (error: { readonly message: string } | null): void => done(error?.message);
      if (turn % 2 === 0) client.park(parkOf(slot), who, answered);
      else client.retrieve(retrieveOf(slot), who, answered);
    },
    close: () => client.close(),
  };
}

/** So long after a stream has ended the next one is opened, ms. */
const REOPEN_MS = 20;

/** A gateway ends its streams when their connection has served its time: the load goes on with another, and asks again what was not answered. */
export function streamParks(address: string, { token }: LoadSetup): Opened {
  const client = new ParkServiceClient(address, credentials.createInsecure(), { ...CHANNEL_OPTIONS });
  /** By worker. */
  const waiting: ({ readonly asked: CommandsRequest; readonly done: (failure?: string) => void } | undefined)[] = [];
  let closed = false;
  const open = (): { readonly push: (asked: CommandsRequest) => void; readonly cancel: () => void } => {
    const stream = client.commands(bearer(token));
    const writer = new BatchWriter<CommandsRequest, CommandsRequest>(
      stream,
      (batch) => ({ correlationId: 0, timeout: undefined, command: undefined, batch }),
      clock,
      1_024,
    );
    stream.on('data', ({ batch }: CommandsResponse) => {
      for (const { correlationId, answer } of batch) {
        const one = waiting[correlationId];
        waiting[correlationId] = undefined;
        one?.done(answer?.$case === 'error' ? answer.value.message : undefined);
      }
    });
    stream.on('error', ({ code, message }: Error & { readonly code?: number }) => {
      writer.close();
      if (closed) return;
      if (code === status.UNAVAILABLE) setTimeout(again, REOPEN_MS);
      else for (const one of [...waiting]) one?.done(message);
    });
    return { push: (asked) => writer.push(asked), cancel: () => stream.cancel() };
  };
  let current = open();
  const again = (): void => {
    if (closed) return;
    current = open();
    for (const one of waiting) if (one !== undefined) current.push(one.asked);
  };
  return {
    operate: (worker, turn, done) => {
      const slot = workerSlot(worker);
      const command: CommandsRequest['command'] =
        turn % 2 === 0 ? { $case: 'park', value: parkOf(slot) } : { $case: 'retrieve', value: retrieveOf(slot) };
      const asked = { correlationId: worker, timeout: undefined, command, batch: [] };
      waiting[worker] = { asked, done };
      current.push(asked);
    },
    close: () => {
      closed = true;
      current.cancel();
      client.close();
    },
  };
}

/** Puts without any service in between, by etcd3 as it comes: what anybody would have. */
export function etcdPuts(endpoint: string): Opened {
  const etcd = new Etcd3({ hosts: [endpoint] });
  const value = Buffer.alloc(400, 'x');
  return {
    operate: (worker, _turn, done) => {
      etcd
        .put(`/bench/put/${worker}`)
        .value(value)
        .exec()
        .then(
          () => done(),
          (error: unknown) => done(String(error)),
        );
    },
    close: () => etcd.close(),
  };
}
