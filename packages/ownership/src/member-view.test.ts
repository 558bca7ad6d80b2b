import { ManualClock, SeededRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Member } from '@parkade/proto';
import { openEmbeddedStore, prefixRange, type Store } from '@parkade/store';
import { expect, it } from 'vitest';
import { MemberView } from './member-view.js';
import { RangeMirror } from './range-mirror.js';

async function register(store: Store, memberId: string, incarnation: string): Promise<number> {
  const member = { memberId, address: `${memberId}:1`, incarnation, startedAtMs: 0, version: '1', draining: false };
  const put = { kind: 'put', key: keys.node('recall', memberId), value: Member.encode(member).finish() } as const;
  return (await store.txn({ compare: [], success: [put] })).revision;
}

it('a run is gone only where its node key certainly does not exist (V1)', async () => {
  const clock = new ManualClock();
  const store = await openEmbeddedStore({ clock });
  const mirror = new RangeMirror(prefixRange(keys.nodes('recall')), { store, clock, random: new SeededRandom(1) });
  const members = new MemberView(mirror, () => undefined);
  const owner = (incarnation: string, epoch: number) => ({ memberId: 'a', address: 'a:1', incarnation, epoch });
  const first = await register(store, 'a', 'run-1');
  await mirror.start();
  expect(members.isGone(owner('run-1', first + 5))).toBe(false);
  // Written after all that is known: its node key may be on its way here.
  expect(members.isGone(owner('run-2', first + 2))).toBe(false);
  // Written before what is known: its node key would be here.
  expect(members.isGone(owner('run-0', first))).toBe(true);
  await register(store, 'a', 'run-2');
  await clock.advance(10);
  expect(members.isGone(owner('run-1', first + 5))).toBe(true);
  expect(members.isGone(owner('run-2', first + 2))).toBe(false);
  await store.txn({ compare: [], success: [{ kind: 'delete', range: { start: keys.node('recall', 'a') } }] });
  await clock.advance(10);
  expect(members.isGone(owner('run-2', first + 9))).toBe(true);
  expect(members.live()).toEqual([]);
});
