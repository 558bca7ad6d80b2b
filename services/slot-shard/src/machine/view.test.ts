import { ParkState, PresenceType } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { step } from './step.js';
import { applied, at, call, commands as c, NAME, play, policy, T0 } from './testing/fixtures.js';
import { parkView, slotView } from '@parkade/slots';

const seconds = T0 / 1000;

describe('parkView', () => {
  it('shows a parked call with its times, policy and revision', () => {
    const limits = { policy: policy({ ringbackTimeoutMs: 1500, maxParkMs: 60_000 }) };
    const record = play([250, c.park('p1', 'a', { ...limits, note: 'blue car' })]);
    const park = record.parks[0] ?? expect.fail('no park');
    expect(parkView(NAME, park, 9)).toMatchObject({
      parkId: 'p1',
      tenantId: 'acme',
      lotId: 'main',
      slot: '701',
      state: ParkState.PARKED,
      call: call('a'),
      note: 'blue car',
      parkedAt: { seconds, nanos: 250_000_000 },
      recallAt: { seconds: seconds + 1, nanos: 750_000_000 },
      revision: 9,
      settingsRevision: 7,
      retriever: undefined,
      endReason: '',
      policy: {
        ringbackTimeout: { seconds: 1, nanos: 500_000_000 },
        maxPark: { seconds: 60, nanos: 0 },
        presenceId: '*3701',
      },
    });
  });

  it('shows who takes a call, and no deadline while that is open', () => {
    const record = play([0, c.park('p1', 'a')], [1000, c.begin('p1', 'b', 'r1')]);
    const park = record.parks[0] ?? expect.fail('no park');
    expect(parkView(NAME, park, 2)).toMatchObject({
      state: ParkState.RETRIEVING,
      retriever: call('b'),
      retrieveId: 'r1',
      giveUpAt: { seconds: seconds + 11, nanos: 0 },
      recallAt: undefined,
    });
  });

  it('shows a park that left as ended, with why and by whom', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.begin('p1', 'b', 'r1')]);
    const ended = (command: Parameters<typeof step>[1]): unknown => {
      const { record: after, park } = applied(step(record, command, at(2)));
      return parkView(NAME, park, 3, after.last);
    };
    const gone = { state: ParkState.ENDED, recallAt: undefined, giveUpAt: undefined, retrieveId: '' };
    expect(ended(c.confirm('p1', 'r1'))).toMatchObject({ ...gone, endReason: 'retrieved', retriever: call('b') });
    expect(ended(c.release('p1', 'abandoned'))).toMatchObject({ ...gone, endReason: 'abandoned' });
    expect(ended(c.release('p1'))).toMatchObject({ ...gone, endReason: 'released' });
  });

  it('shows until when a reservation is kept, and when the call would come back', () => {
    const record = play([0, c.reserve('p1', 'c')], [1000, c.release('p1', 'transfer')]);
    const park = record.parks[0] ?? expect.fail('no park');
    expect(parkView(NAME, park, 2)).toMatchObject({
      state: ParkState.RESERVED,
      reservedUntil: { seconds: seconds + 6, nanos: 0 },
      recallAt: { seconds: seconds + 120, nanos: 0 },
    });
  });
});

describe('slotView', () => {
  it('shows all that are in the slot, oldest first, and its one lamp', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.reserve('p2', 'c')], [2, c.hold('p3')]);
    const view = slotView(record, 12);
    expect(view).toMatchObject({ ...NAME, revision: 12, presence: PresenceType.EARLY, presenceId: '*3701' });
    expect(view.parks.map(({ parkId, state }) => [parkId, state])).toEqual([
      ['p1', ParkState.PARKED],
      ['p2', ParkState.RESERVED],
      ['p3', ParkState.RESERVED],
    ]);
  });

  it('shows a slot that became free without parks, its lamp dark', () => {
    const view = slotView(play([0, c.park('p1', 'a')], [1, c.retrieve('p1', 'b')]), 3);
    expect(view).toMatchObject({ parks: [], presence: PresenceType.TERMINATED, presenceId: '*3701' });
  });
});
