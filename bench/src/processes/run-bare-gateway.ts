import { type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { FleetingMap, numberHash, SystemClock, Timeouts } from '@parkade/clock';
import type { Command, ExchangeRequest, ParkRequest } from '@parkade/proto';
import { BatchWriter, http2ServersOf, MAX_MESSAGE_BYTES, serveUnary, unaryMethods } from '@parkade/rpc';
import { ECHO, EchoClient } from './echo-service.js';
import type { RoleSetup, Running } from './messages.js';
import { serveWith } from './run-echo.js';

/**
 * The least a gateway can do: a unary call in, served as ours are, and a batched stream to an owner that gives back what it gets. Nothing is
 * checked, decided or stored.
 */
export async function runBareGateway({ to = '' }: RoleSetup): Promise<Running> {
  const clock = new SystemClock();
  const stream = new EchoClient(to).batches();
  const writer = new BatchWriter<Command, ExchangeRequest>(stream, (commands) => ({ commands }), clock, 1_024);
  const waiting = new FleetingMap<number, () => void>(numberHash);
  let last = 0;
  stream.on('data', ({ commands }: ExchangeRequest) => {
    for (const { correlationId } of commands) {
      const done = waiting.get(correlationId);
      waiting.delete(correlationId);
      done?.();
    }
  });
  stream.on('error', () => undefined);
  const definition = { echo: ECHO.echo };
  const implementation = {
    echo: (call: ServerUnaryCall<ParkRequest, ParkRequest>, done: sendUnaryData<ParkRequest>) => {
      const correlationId = ++last;
      waiting.set(correlationId, () => done(null, call.request));
      const fields = { shard: 1, timeoutMs: 5_000, settingsRevision: 0, fingerprint: 0, part: 0, lotId: '', trace: '' };
      writer.push({ ...fields, correlationId, op: { $case: 'park', value: call.request } });
    },
  };
  const { server, port } = await serveWith(definition, implementation);
  const deps = { timeouts: new Timeouts(clock), maxMessageBytes: MAX_MESSAGE_BYTES };
  serveUnary(http2ServersOf(server), unaryMethods([{ definition, implementation }]), deps);
  return { address: `127.0.0.1:${port}`, answers: {} };
}
