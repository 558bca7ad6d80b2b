import { once } from 'node:events';
import { connect, createServer, type Server as TcpServer, type Socket } from 'node:net';
import {
  Client,
  credentials,
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { SystemClock, Timeouts } from '@parkade/clock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Cancellable, directUnary } from './direct-call.js';

const PATH = '/test.Direct/Ask';
const clock = new SystemClock();
const asIs = (message: Buffer): Buffer => message;
const bytes = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs };

interface Asked {
  readonly call: Cancellable;
  readonly ended: Promise<{ readonly error: ServiceError | null; readonly response: string | undefined }>;
  /** How often it was called back. */
  readonly times: () => number;
}

describe('a call straight on the connection of grpc-js', () => {
  const server = new Server();
  const asked: { readonly text: string; readonly metadata: Metadata; readonly deadline: unknown }[] = [];
  let link: TcpServer;
  const sockets = new Set<Socket>();
  let client: Client;

  beforeAll(async () => {
    const ask = { path: PATH, requestStream: false, responseStream: false, ...bytes, responseDeserialize: String };
    server.addService(
      { ask },
      {
        ask: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
          const text = call.request.toString();
          asked.push({ text, metadata: call.metadata, deadline: call.getDeadline() });
          if (text === 'refuse') done({ code: status.OUT_OF_RANGE, details: 'compacted: naïve' });
          else if (text !== 'wait') done(null, call.request);
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (e, p) => (e ? reject(e) : resolve(p)));
    });
    // A wire that the test can cut.
    link = createServer((socket) => {
      const other = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ] as const) {
        sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy()).on('close', () => to.destroy());
      }
    }).listen(0, '127.0.0.1');
    await once(link, 'listening');
  });
  afterAll(() => {
    link.close();
    server.forceShutdown();
  });
  beforeEach(async () => {
    const address = link.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 20_000, (error) => (error === undefined ? resolve() : reject(error)));
    });
    asked.length = 0;
  });
  afterEach(() => client.close());

  function ask(text: string, timeoutMs = 20_000, read: (answer: Buffer) => string = String): Asked {
    const metadata = new Metadata();
    metadata.set('hasleader', 'true');
    let times = 0;
    let settle: (ended: Awaited<Asked['ended']>) => void = () => undefined;
    const ended = new Promise<Awaited<Asked['ended']>>((resolve) => (settle = resolve));
    const send = directUnary(PATH, read, new Timeouts(clock));
    const options = { deadline: Date.now() + timeoutMs };
    const call = send(client, Buffer.from(text), metadata, options, (error, response) => {
      times++;
      settle({ error, response });
    });
    return { call, ended, times: () => times };
  }

  it('is answered, with what was sent beside it, and never goes the long way (D1)', async () => {
    const usual = vi.spyOn(client, 'makeUnaryRequest');
    const long = 'x'.repeat(300_000);
    expect(await ask('hello').ended).toEqual({ error: null, response: 'hello' });
    expect((await ask(long).ended).response).toBe(long);
    expect(await ask('').ended).toEqual({ error: null, response: '' });
    expect(usual).not.toHaveBeenCalled();
    expect(asked[0]?.metadata.get('hasleader')).toEqual(['true']);
    expect(Number(asked[0]?.deadline)).toBeLessThan(Date.now() + 20_001);
  });

  it('is told the status it ended with (D2)', async () => {
    const { error } = await ask('refuse').ended;
    expect([error?.code, error?.details]).toEqual([status.OUT_OF_RANGE, 'compacted: naïve']);
    expect(error?.message).toBe('11 OUT_OF_RANGE: compacted: naïve');
  });

  it('fails where its answer cannot be read (D2)', async () => {
    const { error } = await ask('hello', 20_000, () => {
      throw new RangeError('premature EOF');
    }).ended;
    expect([error?.code, error?.details]).toEqual([status.INTERNAL, 'Response message parsing error: premature EOF']);
  });

  it('ends by its deadline, and where it is cancelled, once (D2)', async () => {
    const late = ask('wait', 30);
    expect((await late.ended).error?.code).toBe(status.DEADLINE_EXCEEDED);
    const cancelled = ask('wait');
    cancelled.call.cancel();
    expect((await cancelled.ended).error?.code).toBe(status.CANCELLED);
    late.call.cancel();
    cancelled.call.cancel();
    expect(await ask('hello').ended).toEqual({ error: null, response: 'hello' });
    expect([late.times(), cancelled.times()]).toEqual([1, 1]);
  });

  it('ends as unavailable where its connection breaks, is not sent again, and goes the usual way until there is another (D1)', async () => {
    const waiting = ask('wait');
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 20_000 });
    for (const socket of sockets) socket.destroy();
    expect((await waiting.ended).error?.code).toBe(status.UNAVAILABLE);
    const usual = vi.spyOn(client, 'makeUnaryRequest');
    await vi.waitFor(async () => expect((await ask('again').ended).response).toBe('again'), { timeout: 20_000 });
    expect(usual).toHaveBeenCalled();
    expect(asked.filter(({ text }) => text === 'wait')).toHaveLength(1);
  });

  it('goes the usual way where grpc-js keeps its connections elsewhere (D1)', async () => {
    const usual = vi.spyOn(client, 'makeUnaryRequest');
    vi.spyOn(client, 'getChannel').mockReturnValue({} as never);
    expect(await ask('hello').ended).toEqual({ error: null, response: 'hello' });
    expect(usual).toHaveBeenCalledOnce();
  });
});
