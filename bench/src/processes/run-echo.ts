import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import type { Command, ExchangeRequest, ParkRequest } from '@parkade/proto';
import { BatchWriter, CHANNEL_OPTIONS } from '@parkade/rpc';
import { ECHO } from './echo-service.js';
import type { Running } from './messages.js';

/** Answers every request with itself; on the stream, all of a turn of the event loop in one message. */
export async function runEcho(): Promise<Running> {
  const clock = new SystemClock();
  const port = await serve(ECHO, {
    echo: (call: ServerUnaryCall<ParkRequest, ParkRequest>, done: sendUnaryData<ParkRequest>) =>
      done(null, call.request),
    batches: (call: ServerDuplexStream<ExchangeRequest, ExchangeRequest>) => {
      const writer = new BatchWriter<Command, ExchangeRequest>(call, (commands) => ({ commands }), clock, 1_024);
      call.on('data', ({ commands }: ExchangeRequest) => {
        for (const command of commands) writer.push(command);
      });
      call.on('end', () => call.end());
      call.on('error', () => writer.close());
    },
  });
  return { address: `127.0.0.1:${port}`, answers: {} };
}

/** A bare grpc-js server on a free port of the loopback. */
export async function serve(definition: ServiceDefinition, handlers: UntypedServiceImplementation): Promise<number> {
  return (await serveWith(definition, handlers)).port;
}

/** The same, and the server. */
export async function serveWith(
  definition: ServiceDefinition,
  handlers: UntypedServiceImplementation,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server({ ...CHANNEL_OPTIONS });
  server.addService(definition, handlers);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve({ server, port });
      else reject(error);
    });
  });
}
