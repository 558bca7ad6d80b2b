import { EmbeddedBroker, EmbeddedBus } from '@parkade/bus';
import { violations } from '@parkade/checker';
import { SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { encodeLines, EVENT_BATCHES, EVENT_STREAM } from '@parkade/presence';
import { eventLine } from '@parkade/presence/testing';
import { SlotRecord, TransitionKind } from '@parkade/proto';
import { openEmbeddedStore } from '@parkade/store';
import { expect, it, vi } from 'vitest';
import { Evidence } from './chaos/evidence.js';

const clock = new SystemClock();
const KEY = keys.slot(0, 'acme', 'back', '1');

async function world() {
  const store = await openEmbeddedStore({ clock });
  const bus = new EmbeddedBus({ clock }, new EmbeddedBroker(clock));
  await bus.ensureStreams([EVENT_STREAM]);
  const transition = async (parkId: string): Promise<{ readonly tell: () => Promise<void> }> => {
    const name = { tenantId: 'acme', lotId: 'back', slot: '1' };
    const record = SlotRecord.fromPartial({ name, last: { parkId, kind: TransitionKind.RECALLED } });
    const put = { kind: 'put' as const, key: KEY, value: SlotRecord.encode(record).finish() };
    const { revision } = await store.txn({ compare: [], success: [put] });
    const line = eventLine(KEY, record, revision) ?? '';
    return { tell: async () => bus.publish(EVENT_BATCHES, encodeLines([line]), { id: line }) };
  };
  const close = async (): Promise<void> => {
    await bus.close();
    await store.close();
  };
  return { store, bus, transition, close };
}

it('is judged up to one revision: a call that rings while the judge looks is not taken for one without an event', async () => {
  const { store, bus, transition, close } = await world();
  const late: unknown[] = [];
  const range = store.range.bind(store);
  vi.spyOn(store, 'range').mockImplementation(async (...args) => {
    const result = await range(...args);
    late.push(await transition('second'));
    return result;
  });
  const evidence = await Evidence.gather(store, bus);
  await (await transition('first')).tell();
  const run = await evidence.judged(10_000);
  expect(late).toHaveLength(1);
  expect(run.transitions.map(({ parkId }) => parkId)).toEqual(['first']);
  expect(violations({ requests: [], ...run })).toEqual([]);
  evidence.close();
  await close();
});

it('misses the event of a transition that nobody told of, and waits for one that is told late', async () => {
  const { store, bus, transition, close } = await world();
  const evidence = await Evidence.gather(store, bus);
  const { tell } = await transition('first');
  const untold = await evidence.judged(200);
  expect(violations({ requests: [], ...untold })).toEqual([expect.stringContaining('has no event')]);
  const judged = evidence.judged(10_000);
  await tell();
  expect(violations({ requests: [], ...(await judged) })).toEqual([]);
  expect(evidence.gaps).toEqual([]);
  evidence.close();
  await close();
});
