import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { FAN_OUT } from './fan-out-service.js';
import type { Running } from './messages.js';
import { serve } from './run-echo.js';

/** A bare grpc-js server that writes the same bytes to every stream there is. */
export async function runFanOut(): Promise<Running> {
  const streams = new Set<ServerWritableStream<Buffer, Buffer>>();
  const port = await serve(FAN_OUT, {
    watch: (call: ServerWritableStream<Buffer, Buffer>) => {
      streams.add(call);
      call.once('cancelled', () => streams.delete(call));
      call.on('error', () => streams.delete(call));
      // So that the other side knows the stream to be open.
      call.write(Buffer.from([SYNCED]));
    },
    fire: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      for (const stream of streams) stream.write(call.request);
      done(null, Buffer.alloc(0));
    },
  });
  return { address: `127.0.0.1:${port}`, answers: {} };
}

/** The first byte of a message that tells of no change: of the field `synced` of WatchSlots. */
const SYNCED = 0x1a;
