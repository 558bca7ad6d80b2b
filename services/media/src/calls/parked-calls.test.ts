import { ManualClock, SeededRandom } from '@parkade/clock';
import { EslEvent, EslHeaders } from '@parkade/esl';
import { expect, test } from 'vitest';
import { ParkedCalls } from './parked-calls.js';

const PARK = { tenantId: 'acme', parkId: 'park-1', lotId: 'default', slot: '701', parker: '1001', reserved: false };

/** What is released, where a call of this id hung up before its park was known; `talked`: with somebody by then. */
function released(talked: boolean): readonly string[] {
  const ended: string[] = [];
  const parked = new ParkedCalls({
    api: {
      release: ({ parkId }) => {
        ended.push(parkId);
        return Promise.resolve({ ok: false, known: true, reason: undefined, message: '', metadata: {} });
      },
    },
    clock: new ManualClock(),
    random: new SeededRandom(1),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    maxCalls: 10,
  });
  const tell = (name: string): void => {
    parked.onEvent(new EslEvent(new EslHeaders({ 'Event-Name': name, 'Unique-ID': 'call-1' }), undefined));
  };
  parked.watch('call-1');
  if (talked) tell('CHANNEL_BRIDGE');
  tell('CHANNEL_HANGUP');
  expect(parked.parked('call-1', PARK)).toBe(false);
  expect(parked.size).toBe(0);
  return ended;
}

test('a call that hung up before its park was known is released as soon as it is (T1)', () => {
  expect(released(false)).toEqual(['park-1']);
});

test('one that was fetched before that, and has talked, was abandoned by nobody (T3)', () => {
  expect(released(true)).toEqual([]);
});
