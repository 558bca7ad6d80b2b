import { Park, ParkState, Slot } from '@parkade/proto';
import { toTimestamp } from '@parkade/rpc';
import { describe, expect, it } from 'vitest';
import { lengthWords, parkLine, slotLine } from './sentences.js';

const park = Park.fromPartial({
  parkId: 'p1',
  lotId: 'default',
  slot: '701',
  state: ParkState.PARKED,
  call: { callId: 'c1', callerName: 'Ada', callerNumber: '555' },
  recallAt: toTimestamp(100_000) ?? { seconds: 0, nanos: 0 },
});

describe('sentences', () => {
  it('say who waits where and when the call comes back', () => {
    expect(parkLine(park, 10_000)).toBe('Ada 555 waits in 701 (comes back in 1m30s), park id p1');
  });

  it('name the lot where it is not the default one, and a free slot as free', () => {
    expect(slotLine(Slot.fromPartial({ lotId: 'sales', slot: '7' }))).toBe('sales/7 free');
    expect(slotLine(Slot.fromPartial({ lotId: '_extensions', slot: '204' }))).toBe('extension 204 free');
    expect(slotLine(Slot.fromPartial({ lotId: 'default', slot: '701', parks: [park] }))).toBe('701 parked: Ada 555');
  });

  it('tell lengths of time in two units at most', () => {
    expect([0, 45_999, 90_000, 7_500_000].map(lengthWords)).toEqual(['0s', '45s', '1m30s', '2h5m']);
  });
});
