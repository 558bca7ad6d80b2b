import { type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import { ParkRequest } from '@parkade/proto';
import { openEtcdStore } from '@parkade/store';
import { EchoClient, NAIVE } from './echo-service.js';
import type { RoleSetup, Running } from './messages.js';
import { serve } from './run-echo.js';

type Call = ServerUnaryCall<ParkRequest, ParkRequest>;
type Done = sendUnaryData<ParkRequest>;

/** Forwards each request by a unary call of its own. */
export async function runNaiveGateway({ to = '' }: RoleSetup): Promise<Running> {
  const client = new EchoClient(to);
  const port = await serve(NAIVE, {
    put: (call: Call, done: Done) => client.unary(NAIVE.put, call.request, (error, answer) => done(error, answer)),
  });
  return { address: `127.0.0.1:${port}`, answers: {} };
}

/** Writes each request by a transaction of its own, guarded as an owner's are. */
export async function runNaiveOwner({ etcd = '' }: RoleSetup): Promise<Running> {
  const store = await openEtcdStore({ endpoints: [etcd], clock: new SystemClock() });
  const guard = '/bench/owner';
  const success = [{ kind: 'put', key: guard, value: Buffer.from('owner') }] as const;
  const { revision } = await store.txn({ compare: [], success });
  const port = await serve(NAIVE, {
    put: (call: Call, done: Done) => {
      const { request } = call;
      // The request twice over is about as long as a slot's record.
      const value = Buffer.concat([ParkRequest.encode(request).finish(), ParkRequest.encode(request).finish()]);
      const slot = request.target?.kind?.$case === 'slot' ? request.target.kind.value.slot : '';
      const put = { kind: 'put', key: `/bench/slots/${request.tenantId}/${slot}`, value } as const;
      store.txn({ compare: [{ kind: 'mod', key: guard, revision }], success: [put] }, { timeoutMs: 10_000 }).then(
        ({ succeeded }) => (succeeded ? done(null, request) : done({ code: status.ABORTED, details: 'not the owner' })),
        (error: unknown) => done({ code: status.UNAVAILABLE, details: String(error) }),
      );
    },
  });
  return { address: `127.0.0.1:${port}`, answers: {} };
}
