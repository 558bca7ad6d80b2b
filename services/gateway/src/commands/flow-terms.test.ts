import { HOLDING_LOT, homeShard } from '@parkade/ids';
import { type FlowTerms, PresenceType, Reason } from '@parkade/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { parkAnywhere, parkRequest, says } from '../testing/samples.testing.js';
import { SHARDS, TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

describe('a park that is to be held where there is no slot', () => {
  it.each([
    ['its lot is full', says.partFull],
    ['the next slot lies beyond the maximum', says.refusal(Reason.MAX_SLOT_EXCEEDED)],
  ])('goes to the holding lot when %s', async (_, answer) => {
    bed = await TestBed.start();
    const left = [answer, says.toLot(HOLDING_LOT, 1), says.park({ lotId: HOLDING_LOT })];
    bed.owner.script = () => left.shift();
    const parked = await bed.call('park', parkAnywhere('default', { holdIfFull: true }));
    expect(parked.park?.lotId).toBe(HOLDING_LOT);
    const home = homeShard('acme', 'default', SHARDS);
    expect(bed.owner.commands.map(({ op, shard }) => [op?.$case, shard])).toEqual([
      ['park', home],
      ['routeChoice', home],
      ['park', homeShard('acme', HOLDING_LOT, SHARDS)],
    ]);
  });
});

describe('what a call flow says', () => {
  const overrides = {
    ringbackTimeout: undefined,
    callbackTimeout: undefined,
    presenceType: PresenceType.UNSPECIFIED,
    presenceId: '',
    maxPark: undefined,
  };
  const flow = (changes: Partial<FlowTerms>): FlowTerms => ({ flowId: '', slots: [], children: [], ...changes });

  it.each<[string, FlowTerms]>([
    ['flow.flow_id', flow({ flowId: 'a b' })],
    ['flow.slots.slot', flow({ slots: [{ slot: '', overrides }] })],
    ['flow.slots.overrides', flow({ slots: [{ slot: '701', overrides: undefined }] })],
    [
      'flow.slots.overrides.presence_id',
      flow({ slots: [{ slot: '701', overrides: { ...overrides, presenceId: 'a b' } }] }),
    ],
    ['flow.children.key', flow({ children: [{ key: 'a b', target: { to: { $case: 'user', value: 'u' } } }] })],
    ['flow.children.target', flow({ children: [{ key: '_', target: undefined }] })],
    ['flow.children.target.to', flow({ children: [{ key: '_', target: { to: undefined } }] })],
    ['flow.children.target.user', flow({ children: [{ key: '_', target: { to: { $case: 'user', value: '' } } }] })],
  ])('is checked: %s', async (field, terms) => {
    bed = await TestBed.start();
    const failure = await bed.failure('park', parkRequest({ flow: terms }));
    expect(failure).toMatchObject({ reason: Reason.INVALID_FIELD, metadata: { field } });
  });
});
