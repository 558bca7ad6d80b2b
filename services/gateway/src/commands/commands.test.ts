import { status } from '@grpc/grpc-js';
import { homeShard } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { TestBed, SHARDS } from '../testing/test-bed.testing.js';
import { parkRequest, says } from '../testing/samples.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

describe('a command through the gateway', () => {
  it('reaches the owner of its shard as the client sent it, and its answer comes back', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park({ slot: '701' });
    const request = parkRequest();
    const response = await bed.call('park', request);
    expect(response).toMatchObject({ revision: 7, park: { slot: '701' } });
    const [command] = bed.owner.commands;
    expect(command?.shard).toBe(homeShard('acme', 'default', SHARDS));
    expect(command?.op).toEqual({ $case: 'park', value: request });
    expect(command?.fingerprint).toBeGreaterThan(0);
    expect(command?.settingsRevision).toBeGreaterThan(0);
  });

  it('shows a refusal as a canonical code with google.rpc.ErrorInfo', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.refusal(Reason.SLOT_OCCUPIED, { slot: '701', state: 'parked' });
    expect(await bed.failure('park', parkRequest())).toEqual({
      code: status.FAILED_PRECONDITION,
      reason: Reason.SLOT_OCCUPIED,
      message: 'refused: SLOT_OCCUPIED',
      metadata: { slot: '701', state: 'parked' },
    });
  });
});
