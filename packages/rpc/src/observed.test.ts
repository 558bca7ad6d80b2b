import { credentials, makeClientConstructor, type ServiceDefinition, status } from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { afterEach, expect, it } from 'vitest';
import { GrpcServer, Refused, unary } from './index.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (buffer: Buffer): string => buffer.toString();
const shape = {
  requestSerialize: bytes,
  requestDeserialize: text,
  responseSerialize: bytes,
  responseDeserialize: text,
};
const DEFINITION: ServiceDefinition = {
  say: { path: '/test.Echo/Say', requestStream: false, responseStream: false, ...shape },
  count: { path: '/test.Echo/Count', requestStream: false, responseStream: true, ...shape },
};

let server: GrpcServer | undefined;
afterEach(() => server?.stop(0));

it('tells of every RPC once, with its code: answered, refused, ended and cut streams', async () => {
  const told: string[] = [];
  server = await GrpcServer.start(
    {
      host: '127.0.0.1',
      port: 0,
      observer: {
        ended: (method, code, tookMs) => void told.push(`${method} ${status[code]} ${tookMs >= 0}`),
        streamOpened: (method) => void told.push(`${method} opened`),
        streamEnded: (method, code) => void told.push(`${method} ${status[code]}`),
      },
      services: [
        {
          definition: DEFINITION,
          implementation: {
            say: unary(
              (request: string) =>
                Promise.resolve(request === 'no' ? new Refused(Reason.SLOT_EMPTY, 'nobody is there') : request),
              () => undefined,
            ),
            count: (call: { request: string; write(text: string): void; end(): void }) => {
              call.write('1');
              if (call.request === 'end') call.end();
            },
          },
        },
      ],
    },
    new SystemClock(),
  );
  const Client = makeClientConstructor(DEFINITION, 'Echo');
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const say = (words: string): Promise<unknown> =>
    new Promise(
      (resolve) => void client['say']?.(words, (error: Error | null, answer: string) => resolve(error ?? answer)),
    );
  const count = (words: string, act: (call: { cancel(): void }) => void): Promise<void> =>
    new Promise((resolve) => {
      const call = client['count']?.(words) as unknown as {
        cancel(): void;
        on(event: string, listener: () => void): void;
      };
      call.on('error', () => resolve());
      call.on('end', () => resolve());
      call.on('data', () => act(call));
    });
  expect(await say('yes')).toBe('yes');
  await say('no');
  await count('end', () => undefined);
  await count('cut', (call) => call.cancel());
  await expect.poll(() => told.length).toBe(6);
  client.close();
  expect(told).toEqual([
    'test.Echo/Say OK true',
    'test.Echo/Say NOT_FOUND true',
    'test.Echo/Count opened',
    'test.Echo/Count OK',
    'test.Echo/Count opened',
    'test.Echo/Count CANCELLED',
  ]);
});
