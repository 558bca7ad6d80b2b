import { type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { ParkRequest } from '@parkade/proto';
import { NAIVE } from './echo-service.js';
import type { RoleSetup, Running } from './messages.js';
import { Redis } from './redis.js';
import { serve } from './run-echo.js';

/**
 * A slot registry as one would write it on Redis: park where the slot is free, else retrieve, in one step; the answer to each
 * request id is kept for ten minutes, and the change is told on a stream.
 */
const SCRIPT = `
local known = redis.call('GET', KEYS[2])
if known then return known end
local answer
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DEL', KEYS[1])
  answer = 'retrieved'
else
  redis.call('SET', KEYS[1], ARGV[1])
  answer = 'parked'
end
redis.call('SET', KEYS[2], answer, 'EX', 600)
redis.call('XADD', 'events', 'MAXLEN', '~', '100000', '*', 'slot', KEYS[1], 'kind', answer)
return answer`;

/** What a user would pick instead: the registry behind a bare unary gRPC server. `to`: the socket of Redis. */
export async function runRedis({ to = '' }: RoleSetup): Promise<Running> {
  const redis = new Redis(to);
  const script = await redis.send(['SCRIPT', 'LOAD', SCRIPT]);
  const put = (call: ServerUnaryCall<ParkRequest, ParkRequest>, done: sendUnaryData<ParkRequest>): void => {
    const { request } = call;
    const slot = request.target?.kind?.$case === 'slot' ? request.target.kind.value.slot : '';
    const keys = [`slot:${request.tenantId}:${slot}`, `request:${request.requestId}`];
    const record = Buffer.from(ParkRequest.encode(request).finish()).toString('latin1');
    redis.send(['EVALSHA', script, String(keys.length), ...keys, record]).then(
      () => done(null, request),
      (error: unknown) => done({ code: status.UNAVAILABLE, details: String(error) }),
    );
  };
  return { address: `127.0.0.1:${await serve(NAIVE, { put })}`, answers: {} };
}
