import { readFileSync } from 'node:fs';
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { DESCRIPTOR_IMAGE_URL, Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { PEER_OPTIONS } from './secured-cluster.js';
import type { Caller, Operation, Outcome } from './operations.js';

const COMMANDS = '/parkade.park.v1.ParkService/Commands';

/** Fields of a message of that stream that are no command: the others each are one. */
const NO_COMMANDS: ReadonlySet<string> = new Set(['correlation_id', 'timeout', 'batch']);

/** A stream between processes may say nothing: one that is still open after this long has been let in. */
const STREAM_MS = 3_000;
const UNARY_MS = 60_000;

/** What is asked of every RPC: where it changes something, at a revision at which nothing is, so that nothing is changed. */
const NAMED = { tenant_id: 'acme', expected_revision: 1 };

/** Where the services are. */
export interface Places {
  /** Of a service's full name; undefined: nowhere. */
  address(service: string): string | undefined;
  channel(certificate: boolean): ChannelCredentials;
  /** Hears of every client, which is to be closed at the end. */
  opened(client: Client): void;
}

interface Described {
  readonly field: readonly { readonly name: string }[];
}

/** Every RPC of every service in the descriptor that is served somewhere, and each command of the `Commands` stream. */
export function grpcOperations(places: Places): readonly Operation[] {
  const described = loadFileDescriptorSetFromBuffer(readFileSync(DESCRIPTOR_IMAGE_URL));
  const methods = Object.entries(described).flatMap(([name, definition]) => {
    if (!name.startsWith('parkade.') || 'format' in definition) return [];
    return Object.values(definition).map((method) => ({ service: name, method }));
  });
  return methods.flatMap(({ service, method }) => {
    const rpc: Operation = {
      name: method.path,
      call: (caller) => rpcOutcome(places, service, method, caller, NAMED),
    };
    if (method.path !== COMMANDS) return [rpc];
    const { field } = method.requestType.type as unknown as Described;
    const commands = field.filter(({ name }) => !NO_COMMANDS.has(name));
    return [rpc, ...commands.map(({ name }) => commandOperation(places, service, method as never, name))];
  });
}

function commandOperation(places: Places, service: string, method: Method, field: string): Operation {
  const name = field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const call = (caller: Caller): Promise<Outcome> =>
    rpcOutcome(places, service, method, caller, { correlation_id: 1, [field]: { tenant_id: 'acme' } });
  return { name: `${COMMANDS}#${name}`, call };
}

type Method = MethodDefinition<object, object>;

async function rpcOutcome(
  places: Places,
  service: string,
  method: Method,
  { token, certificate = false }: Caller,
  request: object,
): Promise<Outcome> {
  const address = places.address(service);
  if (address === undefined) throw new Error(`${service} is served nowhere: say where, and add its rows`);
  const client = await connected(places, address, certificate);
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const limitMs = certificate && method.responseStream ? STREAM_MS : UNARY_MS;
  return asked(client, method, metadata, request, limitMs);
}

const clients = new Map<string, Client>();

/** One connection for all that are alike: a matrix of callers is not a crowd. */
async function connected(places: Places, address: string, certificate: boolean): Promise<Client> {
  const key = `${address} ${certificate}`;
  const client = clients.get(key) ?? new Client(address, places.channel(certificate), PEER_OPTIONS);
  if (!clients.has(key)) places.opened(client);
  clients.set(key, client);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + UNARY_MS, (error) => (error === undefined ? resolve() : reject(error)));
  });
  return client;
}

function asked(client: Client, method: Method, metadata: Metadata, request: object, limitMs: number): Promise<Outcome> {
  const { path, requestSerialize: write, responseDeserialize: read, requestStream, responseStream } = method;
  const deadline = Date.now() + limitMs;
  return new Promise((resolve) => {
    const failed = (error: ServiceError | null): void => resolve(error === null ? 'served' : outcomeOf(error));
    if (!responseStream) {
      client.makeUnaryRequest(path, write, read, request, metadata, { deadline }, failed);
      return;
    }
    const hear = (stream: ClientReadableStream<object>): void => {
      stream.on('error', failed);
      stream.on('data', (answer: { readonly error?: { readonly reason: string | number } | null }) => {
        resolve(byReason(answer.error?.reason));
        stream.cancel();
      });
    };
    if (!requestStream) {
      hear(client.makeServerStreamRequest(path, write, read, request, metadata, { deadline }));
      return;
    }
    const stream = client.makeBidiStreamRequest(path, write, read, metadata, { deadline });
    hear(stream);
    stream.write(request);
  });
}

function outcomeOf(error: ServiceError): Outcome {
  const { code, reason } = callFailure(error);
  if (reason !== undefined) return byReason(`REASON_${Reason[reason]}`);
  if (code === status.UNAUTHENTICATED) return 'unauthenticated';
  return code === status.PERMISSION_DENIED ? 'denied' : 'served';
}

function byReason(reason: string | number | undefined): Outcome {
  const name = typeof reason === 'number' ? `REASON_${Reason[reason] ?? ''}` : reason;
  switch (name) {
    case 'REASON_UNAUTHENTICATED':
      return 'unauthenticated';
    case 'REASON_PERMISSION_DENIED':
      return 'denied';
    case 'REASON_TENANT_NOT_FOUND':
      return 'no-tenant';
    default:
      return 'served';
  }
}
