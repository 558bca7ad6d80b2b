import type { MethodDefinition } from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;

/** A method whose messages are bytes already. */
export function raw(path: string, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** What a gateway's fan-out is measured against: `Fire` sends its own bytes to everybody who watches. */
export const FAN_OUT = { watch: raw('/bench.FanOut/Watch', true), fire: raw('/bench.FanOut/Fire', false) };
