import { PresenceType, RecallOutcome, RecallTo, TransitionKind } from '@parkade/proto';
import { presenceOf } from '@parkade/slots';
import { recallTerms, resolveRecall, DEFAULT_SYSTEM } from '@parkade/settings';
import { describe, expect, it } from 'vitest';
import { step } from './step.js';
import { applied, at, commands as c, play, policy, T0 } from './testing/fixtures.js';

const dueAfter = (record: ReturnType<typeof play>): number | undefined => {
  const state = record.parks[0]?.state;
  return state?.$case === 'parked' ? state.value.recallAtMs - (state.value.recallAtMs === 0 ? 0 : T0) : undefined;
};

describe('a park whose policy is renewed', () => {
  it('keeps its id, call and parker, and takes the policy as it is now', () => {
    const parked = play([0, c.park('p1', 'a')]);
    const { record, park } = applied(step(parked, c.renew('p1', { maxParkMs: 5_000, settingsRevision: 9 }), at(1_000)));
    expect(park).toEqual({ ...parked.parks[0], policy: policy({ maxParkMs: 5_000, settingsRevision: 9 }) });
    expect(record.last).toMatchObject({
      kind: TransitionKind.EXTENDED,
      reason: 'policy-renewed',
      requestId: 'renew',
      parkId: 'p1',
    });
  });

  it.each([
    ['as if it had been parked with it', 60_000, 10_000, 60_000],
    ['at once where that is over', 60_000, 90_000, 90_001],
    ['never, where the settings say so', 0, 10_000, 0],
  ])('comes back %s (R12)', (_, ringbackTimeoutMs, now, due) => {
    const record = play([0, c.park('p1', 'a')], [now, c.renew('p1', { ringbackTimeoutMs })]);
    expect(dueAfter(record)).toBe(due);
  });

  it('waits its retry interval at most where it was rung back already, however often it is renewed', () => {
    const recall = recallTerms({ ...resolveRecall(undefined, undefined, DEFAULT_SYSTEM), retryIntervalMs: 10_000 });
    const rung = [
      [0, c.park('p1', 'a')],
      [120_000, c.beginRecall('p1', 1)],
      [150_000, c.endRecall('p1', 1, RecallOutcome.FAILED, 300_000)],
    ] as const;
    const renewed = [...rung, [160_000, c.renew('p1', { recall })]] as const;
    expect(dueAfter(play(...renewed))).toBe(170_000);
    expect(dueAfter(play(...renewed, [165_000, c.renew('p1', { recall })]))).toBe(170_000);
  });

  it('rings whom the settings name now', () => {
    const recall = { ...recallTerms(resolveRecall(undefined, undefined, DEFAULT_SYSTEM)), ringGroupId: 'night' };
    const terms = { ...recall, recallTo: RecallTo.RING_GROUP_ONLY };
    const record = play([0, c.park('p1', 'a')], [1, c.renew('p1', { recall: terms })]);
    expect(record.parks[0]?.policy?.recall).toMatchObject({ recallTo: RecallTo.RING_GROUP_ONLY, ringGroupId: 'night' });
  });

  it('puts out the lamp that it had, and lights the one it has now (M11)', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.renew('p1', { presenceId: 'desk' })]);
    expect([record.litPresenceId, record.last?.presenceId]).toEqual(['desk', '*3701']);
    const dark = play([0, c.park('p1', 'a')], [1, c.renew('p1', { presenceType: PresenceType.TERMINATED })]);
    expect(presenceOf(dark)).toEqual({ type: PresenceType.TERMINATED, presenceId: '*3701' });
  });
});
