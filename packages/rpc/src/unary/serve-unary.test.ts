import { connect, constants } from 'node:http2';
import {
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { SystemClock, Timeouts } from '@parkade/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { frame, MessageReader } from './frames.js';
import { http2ServersOf } from '../http2-servers.js';
import { serveUnary, unaryMethods } from './serve-unary.js';
import { UnaryCall } from './unary-call.js';

const PATH = '/test.Echo/Echo';
const method = {
  path: PATH,
  requestStream: false,
  responseStream: false,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const definition = { echo: method } as unknown as ServiceDefinition;
const MAX_BYTES = 1_000;

type Call = ServerUnaryCall<string, string>;
type Done = (error: Partial<ServiceError> | null, value?: string) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

/** A server whose one method is `handle`: served by us, or by grpc-js alone. */
async function start(by: 'us' | 'grpc-js', handle: (call: Call, done: Done) => void): Promise<string> {
  const implementation = { echo: handle } as unknown as UntypedServiceImplementation;
  const server = new Server({ 'grpc.max_receive_message_length': MAX_BYTES });
  server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  closers.push(() => server.forceShutdown());
  if (by === 'us') {
    const methods = unaryMethods([{ definition, implementation }]);
    const deps = { timeouts: new Timeouts(new SystemClock()), maxMessageBytes: MAX_BYTES };
    // Of a newer grpc-js that hides its servers elsewhere, this is what tells us.
    const servers = http2ServersOf(server);
    expect(servers).toHaveLength(1);
    serveUnary(servers, methods, deps);
  }
  return `127.0.0.1:${port}`;
}

interface Answer {
  readonly value?: string;
  readonly code?: number;
  readonly details?: string;
  readonly trailers?: Readonly<Record<string, unknown>>;
}

function ask(
  address: string,
  text: string,
  metadata = new Metadata(),
  deadlineMs = 5_000,
  options = {},
): Promise<Answer> {
  const client = new Client(address, credentials.createInsecure(), options);
  closers.push(() => client.close());
  return new Promise((resolve) => {
    const deadline = Date.now() + deadlineMs;
    client.makeUnaryRequest(
      PATH,
      method.requestSerialize,
      method.responseDeserialize,
      text,
      metadata,
      { deadline },
      (error, value) => {
        if (error === null) resolve(value === undefined ? {} : { value });
        else resolve({ code: error.code, details: error.details, trailers: error.metadata.getMap() });
      },
    );
  });
}

/** Writes pieces of a request as they are, and tells what comes back: status headers, or how the stream was reset. */
function raw(
  address: string,
  headers: object,
  pieces: readonly Buffer[],
  ends = true,
): Promise<Record<string, unknown>> {
  const session = connect(`http://${address}`);
  closers.push(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', ...headers });
  return new Promise((resolve) => {
    const told: Record<string, unknown> = {};
    const take = (more: object): void => void Object.assign(told, more);
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('data', (bytes: Buffer) => take({ body: bytes.toString('latin1') }));
    stream.on('close', () => resolve(told));
    stream.on('error', () => undefined);
    for (const piece of pieces) stream.write(piece);
    if (ends) stream.end();
    else setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 50);
  });
}

describe.each(['us', 'grpc-js'] as const)('a unary call served by %s', (by) => {
  it('is answered by its handler, which sees what the caller sent with it', async () => {
    const seen: unknown[] = [];
    const address = await start(by, (call, done) => {
      seen.push(
        call.metadata.getMap(),
        call.getPath(),
        Number(call.getDeadline()) > Date.now(),
        /^127/.test(call.getPeer()),
      );
      done(null, call.request.toUpperCase());
    });
    const metadata = new Metadata();
    metadata.set('x-who', 'ada');
    metadata.set('key-bin', Buffer.from([0, 255]));
    expect(await ask(address, 'hello', metadata)).toEqual({ value: 'HELLO' });
    expect(seen).toMatchObject([{ 'x-who': 'ada', 'key-bin': Buffer.from([0, 255]) }, PATH, true, true]);
    expect(seen[0]).not.toHaveProperty('grpc-timeout');
  });

  it('tells a refusal with its details, whatever they hold, and its metadata', async () => {
    const address = await start(by, (_call, done) => {
      const metadata = new Metadata();
      metadata.set('why-bin', Buffer.from([1, 2, 3]));
      done({ code: status.NOT_FOUND, details: 'no ä %\n slot', metadata });
    });
    expect(await ask(address, 'x')).toMatchObject({
      code: status.NOT_FOUND,
      details: 'no ä %\n slot',
      trailers: { 'why-bin': Buffer.from([1, 2, 3]) },
    });
  });

  it('ends with its deadline, also where the handler never answers, and an answer after it is dropped', async () => {
    let late: Done | undefined;
    const address = await start(by, (_call, done) => (late = done));
    const timeout = { 'grpc-timeout': '20m' };
    expect(await raw(address, timeout, [frame(Buffer.from('x'))])).toMatchObject({ 'grpc-status': '4' });
    expect(() => late?.(null, 'late')).not.toThrow();
    expect(await raw(address, { 'grpc-timeout': 'soon' }, [frame(Buffer.from('x'))])).toMatchObject({
      'grpc-status': '13',
    });
  });

  it('tells its handler when the caller is gone', async () => {
    let tell: (cancelled: boolean) => void = () => undefined;
    const cancelled = new Promise<boolean>((resolve) => (tell = resolve));
    const address = await start(by, (call, done) => {
      call.on('cancelled', () => {
        tell(call.cancelled);
        done(null, 'too late');
      });
    });
    await raw(address, {}, [frame(Buffer.from('x'))], false);
    expect(await cancelled).toBe(true);
  });

  it('takes a message in any pieces, compressed or not', async () => {
    const address = await start(by, (call, done) => done(null, call.request));
    const bytes = frame(Buffer.from('piece by piece'));
    const pieces = [...bytes].map((byte) => Buffer.from([byte]));
    expect(await raw(address, {}, pieces)).toMatchObject({ 'grpc-status': '0' });
    const gzip = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
    expect(await ask(address, 'a'.repeat(500), new Metadata(), 5_000, gzip)).toEqual({ value: 'a'.repeat(500) });
  });

  it('refuses what is too large, or no call, and its handler never hears of it', async () => {
    let heard = 0;
    const address = await start(by, (_call, done) => {
      heard++;
      done(null, '');
    });
    expect(await ask(address, 'x'.repeat(MAX_BYTES + 1))).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await raw(address, { 'content-type': 'text/plain' }, [])).toMatchObject({ ':status': 415 });
    expect(await raw(address, { ':path': '/test.Echo/Other' }, [frame(Buffer.from('x'))])).toMatchObject({
      'grpc-status': '12',
    });
    expect((await raw(address, {}, []))['grpc-status']).not.toBe('0');
    expect(heard).toBe(0);
  });
});

describe('a unary call served by us', () => {
  it('drops an answer that comes at the moment its caller resets it, and serves on', async () => {
    let dropped = false;
    const address = await start('us', (call, done) => {
      if (!(call instanceof UnaryCall)) throw new Error('not served by us');
      // Its stream is closed by now, and not destroyed yet.
      call.stream.once('aborted', () => {
        done(null, 'too late');
        dropped = true;
      });
      if (call.request === 'stay') done(null, 'stayed');
    });
    await raw(address, {}, [frame(Buffer.from('go'))], false);
    await expect.poll(() => dropped).toBe(true);
    expect(await ask(address, 'stay')).toEqual({ value: 'stayed' });
  });
});

describe('the reader of a unary request', () => {
  it('tells the message once it is whole, and refuses a second one, and one that is compressed unannounced', () => {
    const reader = new MessageReader(MAX_BYTES);
    const bytes = frame(Buffer.from('abc'));
    expect(reader.add(bytes.subarray(0, 3))).toBeUndefined();
    expect(reader.add(bytes.subarray(3))).toEqual(Buffer.from('abc'));
    expect(reader.add(bytes)).toMatchObject({ code: status.UNIMPLEMENTED });
    expect(new MessageReader(MAX_BYTES).add(Buffer.concat([bytes, bytes]))).toMatchObject({
      code: status.UNIMPLEMENTED,
    });
    expect(new MessageReader(MAX_BYTES).add(Buffer.from([1, 0, 0, 0, 0]))).toMatchObject({ code: status.INTERNAL });
  });

  it('refuses a length beyond the bound before the message is there', () => {
    expect(new MessageReader(3).add(Buffer.from([0, 0, 0, 0, 4]))).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});
