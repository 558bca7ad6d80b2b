import {
  type ChannelOptions,
  Client,
  credentials,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { GrpcServer, type MountedService } from './server.js';

const AGE_MS = 300;
const clock = new SystemClock();
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Method = MethodDefinition<Buffer, Buffer>;
const asIs = (bytes: Buffer): Buffer => bytes;
const method = (name: string, stream: boolean): Method => ({
  path: `/parkade.test.Aging/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
const definition = { peer: method('Peer', false), echo: method('Echo', true) };

/** A server whose connections become old soon: `peer` tells from where it was asked once `holdMs` is over, `echo` goes on for ever. */
async function start(holdMs: number, graceMs?: number): Promise<{ readonly address: string; readonly aged: string[] }> {
  const aged: string[] = [];
  const implementation = {
    peer: (call: ServerUnaryCall<Buffer, Buffer>, done: (error: null, answer: Buffer) => void) =>
      void setTimeout(() => done(null, Buffer.from(call.getPeer())), holdMs),
    echo: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (bytes: Buffer) => call.write(bytes));
      call.on('error', () => undefined);
    },
  };
  const connectionAge = {
    ageMs: AGE_MS,
    graceMs,
    random: new SystemRandom(),
    aged: (peer: string) => void aged.push(peer),
  };
  const services = [{ definition, implementation } as unknown as MountedService];
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services, connectionAge }, clock);
  closers.push(() => server.stop(0));
  return { address: `127.0.0.1:${server.port}`, aged };
}

function connect(address: string, options: ChannelOptions = {}): Client {
  const client = new Client(address, credentials.createInsecure(), options);
  closers.push(() => client.close());
  return client;
}

function peer(client: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(definition.peer.path, asIs, asIs, Buffer.alloc(1), (error, answer) => {
      if (error === null) resolve(String(answer));
      else reject(error);
    });
  });
}

describe('a connection that has come to its age', () => {
  it('is told to the client, who goes on with a new one; what was under way on it is answered (A1, A2)', async () => {
    const { address, aged } = await start(2 * AGE_MS);
    const client = connect(address);
    const first = await peer(client);
    expect(aged).toEqual([first]);
    const second = await peer(client);
    expect(second).not.toBe(first);
    expect(aged).toEqual([first, second]);
  });

  it('cuts what is still under way when the grace is over (A1)', async () => {
    const { address, aged } = await start(0, AGE_MS);
    const stream = connect(address).makeBidiStreamRequest(definition.echo.path, asIs, asIs);
    let answers = 0;
    stream.on('data', () => answers++);
    const ended = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)));
    stream.write(Buffer.from('x'));
    await expect.poll(() => aged.length).toBe(1);
    stream.write(Buffer.from('y'));
    await expect.poll(() => answers).toBe(2);
    expect((await ended).code).not.toBe(status.OK);
  });
});
