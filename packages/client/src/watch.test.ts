import type { ServerWritableStream } from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import { ParkServiceService, Reason, type WatchSlotsRequest, WatchSlotsResponse } from '@parkade/proto';
import { GrpcServer, Refused } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from './connect.js';
import { ParkadeError } from './parkade-error.js';
import type { SlotChange } from './parks.js';

type Watch = ServerWritableStream<WatchSlotsRequest, WatchSlotsResponse>;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A gateway whose watches say one thing, for whoever shows a token that is good just then, and end when it expires. */
async function gateway(good: readonly string[]): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const watchSlots = (call: Watch): void => {
    const [authorization] = call.metadata.get('authorization');
    asked.push(`${String(authorization)} ${call.request.resumeToken}`);
    call.on('error', () => undefined);
    const nth = asked.length;
    if (authorization === `Bearer ${good[nth - 1] ?? ''}`) {
      const event = { $case: 'synced', value: {} } as const;
      call.write(WatchSlotsResponse.fromPartial({ event, resumeToken: `after-${nth}` }));
    }
    call.emit('error', new Refused(Reason.UNAUTHENTICATED, 'The token has expired.').toServiceError());
  };
  const services = [
    { definition: { watchSlots: ParkServiceService.watchSlots }, implementation: { watchSlots } },
  ] as never;
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services }, new SystemClock());
  ends.push(() => server.stop(0));
  return { address: `127.0.0.1:${server.port}`, asked };
}

describe('a watch', () => {
  it('goes on where it was with a new token when the one it had expires, and ends where it is not let in (W3)', async () => {
    const { address, asked } = await gateway(['t1', 't2']);
    let tokens = 0;
    const parkade = connect({ gateways: [address], token: () => `t${++tokens}` });
    ends.push(() => parkade.close());
    const heard: SlotChange[] = [];
    const follow = async (): Promise<void> => {
      for await (const change of parkade.tenant('acme').watch()) heard.push(change);
    };
    await expect(follow()).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
    expect(asked).toEqual(['Bearer t1 ', 'Bearer t2 after-1', 'Bearer t3 after-2']);
    expect(heard).toEqual([{ kind: 'synced' }, { kind: 'synced' }]);
  });

  it('ends with a ParkadeError, too, where there is no token to be had', async () => {
    const noToken = (): never => {
      throw new Error('the identity provider is away');
    };
    const parkade = connect({ gateways: ['127.0.0.1:1'], token: noToken });
    ends.push(() => parkade.close());
    const first = parkade.tenant('acme').watch()[Symbol.asyncIterator]().next();
    const error: unknown = await first.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ParkadeError);
    expect(error).toMatchObject({ message: 'the identity provider is away' });
  });
});
