import { ALL_EVENTS, parseEvents } from '@parkade/presence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINGER_MS } from './lamp-budget.js';
import { TELL_MS } from './publisher.js';
import { parked, PublisherBench, retrieved } from './testing/publisher-bench.js';

const SUBJECT = 'parkade.v1.presence.acme.default';

describe('the publisher', () => {
  it('publishes an event and the lamp of every commit, in order', async () => {
    const bench = await new PublisherBench().start();
    bench.commit(7, '701', 10);
    await bench.clock.advance(TELL_MS);
    bench.commit(7, '701', 12, retrieved('701', 12));
    await bench.clock.advance(TELL_MS);
    expect(bench.events.map(({ kind, revision }) => [kind, revision])).toEqual([
      ['parked', 10],
      ['retrieved', 12],
    ]);
    expect(bench.lamps.map(({ state, version }) => [state, version])).toEqual([
      ['early', 10],
      ['terminated', 12],
    ]);
    expect([bench.publisher.pending, bench.publisher.publishedRevision(7)]).toEqual([0, 'all']);
  });

  it('never throws into the owner, even when the bus does (B5)', async () => {
    const bench = await new PublisherBench().start();
    bench.bus.throwSynchronously = true;
    bench.commit(7, '701', 10);
    await bench.clock.advance(TELL_MS);
    expect([bench.events, bench.publisher.publishedRevision(7)]).toEqual([[], 9]);
    bench.bus.throwSynchronously = false;
    await bench.clock.advance(5_000);
    expect([bench.revisions('701'), bench.publisher.publishedRevision(7)]).toEqual([[10], 'all']);
  });

  it('keeps the order of a slot, each event once, the last lamp and an honest mark under random failures (B1, B2, B4)', async () => {
    const step = fc.record({
      slot: fc.constantFrom('701', '702', '703'),
      shard: fc.constant(7),
      lit: fc.boolean(),
      id: fc.constantFrom('a', 'b'),
      pauseMs: fc.constantFrom(0, 0, 1, 30, 200),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.integer(),
        fc.constantFrom(0, 0.3, 0.9),
        async (steps, seed, failureRate) => {
          const bench = await new PublisherBench({ maxInFlight: 2 }, seed).start();
          bench.bus.failureRate = failureRate;
          bench.bus.maxDelayMs = 20;
          const last = new Map<string, { revision: number; shownId: string; litId: string }>();
          let revision = 100;
          const check = (): void => {
            const mark = bench.publisher.publishedRevision(7);
            const upTo = mark === 'all' ? revision : mark;
            for (let r = 101; r <= upTo; r++) {
              expect(bench.events.filter((event) => event.revision === r)).toHaveLength(1);
            }
          };
          for (const { slot, lit, id, pauseMs } of steps) {
            revision++;
            // As the slot machine promises: the id lit before stays lit, or is the one the change is about.
            const litBefore = last.get(slot)?.litId ?? '';
            const wanted = `${id}${slot}`;
            const spoken = litBefore === '' ? wanted : litBefore;
            const record = lit ? parked(slot, revision, wanted, spoken) : retrieved(slot, revision, spoken);
            bench.commit(7, slot, revision, record);
            last.set(slot, { revision, shownId: lit ? wanted : spoken, litId: lit ? wanted : '' });
            await bench.clock.advance(pauseMs);
            check();
          }
          bench.bus.failureRate = 0;
          const flushed = bench.publisher.flush(60_000);
          await bench.clock.advance(60_000);
          expect(await flushed).toBe(true);
          expect(bench.publisher.publishedRevision(7)).toBe('all');
          check();
          expect(new Set(bench.events.map(({ id }) => id)).size).toBe(steps.length);
          for (const [slot, { revision: version, shownId, litId }] of last) {
            const revisions = bench.revisions(slot);
            expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
            const shown = await bench.lamp(`${SUBJECT}.${slot}`);
            // That a dark lamp is dark need not be told again.
            if (litId === '') expect(shown?.state).toBe('terminated');
            else expect(shown).toMatchObject({ version, presence_id: shownId, state: 'early' });
            expect(litIds(bench, slot)).toEqual(litId === '' ? [] : [litId]);
          }
          // Two lamps and one batch of events.
          expect(bench.bus.maxInFlight).toBeLessThanOrEqual(3);
          bench.publisher.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('sends what happened while a batch was under way in one message, and lets nothing overtake it (B1)', async () => {
    const bench = await new PublisherBench().start();
    bench.broker.setReachable(false);
    bench.commit(7, '701', 10);
    await bench.clock.advance(TELL_MS);
    for (let revision = 11; revision < 61; revision++) bench.commit(revision % 3, '701', revision);
    bench.broker.setReachable(true);
    await bench.clock.advance(1_000);
    const batches: number[][] = [];
    await bench.inner.subscribe(ALL_EVENTS, { replay: 'all' }, ({ payload }) => {
      batches.push(parseEvents(payload).map((event) => (event.kind === 'failed' ? 0 : event.revision)));
    });
    await bench.clock.advance(0);
    expect(batches.map(({ length }) => length)).toEqual([1, 50]);
    expect(batches[0]).toEqual([10]);
  });

  it('tells of more lamps than a moment takes within a second, each as it is then (B2)', async () => {
    const bench = await new PublisherBench().start();
    const slots = Array.from({ length: 1_000 }, (_, i) => String(i));
    for (const slot of slots) bench.commit(7, slot, 10, parked(slot, 10), true);
    await bench.clock.advance(TELL_MS);
    const atOnce = bench.lamps.length;
    expect(atOnce).toBeGreaterThanOrEqual(100);
    expect(atOnce).toBeLessThan(300);
    // What was told lit must be told dark; of the others, half are dark again before anybody heard of them.
    for (const slot of slots.slice(0, 500)) bench.commit(7, slot, 11, retrieved(slot, 11));
    await bench.clock.advance(LINGER_MS);
    await bench.clock.advance(LINGER_MS);
    const told = new Map(bench.lamps.map(({ slot, state }) => [slot, state]));
    expect(slots.map((slot) => told.get(slot) ?? 'terminated')).toEqual([
      ...Array.from({ length: 500 }, () => 'terminated'),
      ...Array.from({ length: 500 }, () => 'early'),
    ]);
    expect(bench.lamps.length).toBeLessThan(atOnce * 2 + 520);
    expect(bench.publisher.publishedRevision(7)).toBe('all');
  });

  it('tells what was committed within a few milliseconds in one message, and of a slot that is dark again no lamp', async () => {
    const bench = await new PublisherBench().start();
    const lengths: number[] = [];
    await bench.inner.subscribe(ALL_EVENTS, { replay: 'all' }, ({ payload }) => {
      lengths.push(parseEvents(payload).length);
    });
    for (let revision = 10; revision < 10 + 2 * TELL_MS; revision += 2) {
      bench.commit(7, '701', revision, parked('701', revision), true);
      await bench.clock.advance(1);
      bench.commit(7, '701', revision + 1, retrieved('701', revision + 1));
      await bench.clock.advance(1);
    }
    await bench.clock.advance(TELL_MS);
    expect(lengths).toEqual([TELL_MS, TELL_MS]);
    expect(bench.lamps).toEqual([]);
  });

  it('waits for no lamp to linger when it is to be flushed', async () => {
    const bench = await new PublisherBench().start();
    for (let i = 0; i < 1_000; i++) bench.commit(7, String(i), 10);
    const flushed = bench.publisher.flush(1_000);
    for (let i = 0; i < 50; i++) await bench.clock.advance(0);
    await bench.clock.advance(1);
    expect([bench.lamps.length, bench.publisher.pending]).toEqual([1_000, 0]);
    expect(await flushed).toBe(true);
  });

  it('puts out the lamp of an id that was skipped while the bus was away', async () => {
    const bench = await new PublisherBench().start();
    bench.commit(7, '701', 10, parked('701', 10, 'old'));
    await bench.clock.advance(TELL_MS);
    bench.broker.setReachable(false);
    bench.commit(7, '701', 11, retrieved('701', 11, 'old'));
    bench.commit(7, '701', 12, parked('701', 12, 'new'));
    await bench.clock.advance(3_000);
    bench.broker.setReachable(true);
    await bench.clock.advance(3_000);
    expect(await bench.lamp(`${SUBJECT}.701`)).toMatchObject({ presence_id: 'new', state: 'early', version: 12 });
    expect(await bench.lamp(`${SUBJECT}.701.old`)).toMatchObject({ state: 'terminated', version: 12 });
  });

  it('does not spin while the bus is away, and goes on as soon as it is back', async () => {
    const bench = await new PublisherBench().start();
    bench.broker.setReachable(false);
    for (let i = 0; i < 1_000; i++) bench.commit(7, String(i), i + 1);
    await bench.clock.advance(60_000);
    expect(bench.bus.attempts).toBeLessThan(400);
    bench.broker.setReachable(true);
    await bench.clock.advance(0);
    await bench.clock.advance(0);
    expect(await flushNow(bench)).toBe(true);
    expect(bench.events).toHaveLength(1_000);
  });

  it('drops what the bus refuses as wrong instead of holding up the slot', async () => {
    const bench = await new PublisherBench().start();
    bench.bus.refuse = (payload) => payload.includes('"kind":"retrieved"');
    bench.commit(7, '701', 10, retrieved('701', 10));
    bench.commit(7, '701', 11);
    await bench.clock.advance(TELL_MS);
    expect([bench.revisions('701'), bench.failures]).toEqual([[11], ['refused', 'refused']]);
    expect(bench.publisher.publishedRevision(7)).toBe('all');
  });

  it('marks up to before the lowest commit that is not stored, whatever order the answers of commits come in (B4)', async () => {
    const bench = await new PublisherBench().start();
    bench.bus.refuse = () => false;
    bench.broker.setReachable(false);
    for (const revision of [12, 10, 11]) bench.commit(7, String(revision), revision);
    expect(bench.publisher.publishedRevision(7)).toBe(9);
    expect(bench.publisher.publishedRevision(8)).toBe('all');
  });

  it('sends nothing more of a shard that is lost', async () => {
    const bench = await new PublisherBench({ maxInFlight: 1 }).start();
    bench.bus.maxDelayMs = 10;
    bench.commit(7, '701', 10);
    await bench.clock.advance(TELL_MS);
    for (const slot of ['702', '703']) bench.commit(7, slot, 11);
    bench.commit(8, '801', 12);
    bench.publisher.forget(7);
    await bench.clock.advance(1_000);
    expect(bench.events.map(({ slot }) => slot)).toEqual(['701', '801']);
    expect(bench.publisher.pending).toBe(0);
  });

  it('tells whether a flush was done in time, and does not call it done when it is closed', async () => {
    const bench = await new PublisherBench().start();
    bench.broker.setReachable(false);
    bench.commit(7, '701', 10);
    const late = bench.publisher.flush(100);
    const other = bench.publisher.flush(100, 8);
    await bench.clock.advance(100);
    expect([await late, await other]).toEqual([false, true]);
    const closed = bench.publisher.flush(100);
    bench.publisher.close();
    expect(await closed).toBe(false);
    bench.commit(7, '701', 11);
    await bench.clock.advance(60_000);
    expect([bench.publisher.pending, bench.clock.pendingTimers]).toEqual([0, 0]);
  });

  it('publishes all lamps anew when the bus has lost them, no faster than they leave', async () => {
    const bench = await new PublisherBench({ maxInFlight: 4 }).start();
    for (let i = 0; i < 50; i++) bench.commit(7, String(i), i + 1);
    await flushNow(bench);
    bench.broker.wipe();
    let read = 0;
    const records = function* () {
      for (let i = 0; i < 50; i++) {
        read++;
        const record = parked(String(i), i + 1);
        yield { shard: i < 25 ? 7 : 8, slotKey: `key-${i}`, record, revision: i + 1 };
      }
    };
    bench.bus.maxDelayMs = 10;
    const done = bench.publisher.republishLamps(records());
    await bench.clock.advance(TELL_MS);
    expect(read).toBe(4);
    bench.publisher.forget(8);
    await bench.clock.advance(10_000);
    await done;
    expect(await bench.lamp(`${SUBJECT}.24`)).toMatchObject({ version: 25 });
    expect(await bench.lamp(`${SUBJECT}.25`)).toBeUndefined();
  });

  it('tells of a full lot once a second, and drops it while the bus is away', async () => {
    const bench = await new PublisherBench().start();
    for (const lot of ['default', 'default', 'vip']) bench.publisher.notice('acme', 'lot-full', { lot_id: lot });
    await bench.clock.advance(0);
    const told = { kind: 'failed', reason: 'lot-full', tenant: 'acme' };
    expect(bench.notices).toMatchObject(['default', 'vip'].map((lot) => ({ ...told, data: { lot_id: lot } })));
    await bench.clock.advance(1_000);
    bench.publisher.notice('acme', 'lot-full', { lot_id: 'default' });
    await bench.clock.advance(0);
    expect(bench.notices).toHaveLength(3);
    await bench.clock.advance(1_000);
    bench.broker.setReachable(false);
    bench.publisher.notice('acme', 'lot-full', { lot_id: 'default' });
    await bench.clock.advance(0);
    expect(bench.dropped).toEqual(['notice']);
  });
});

/** What a listener who keeps the highest version of each subject shows as lit for a slot. */
function litIds(bench: PublisherBench, slot: string): readonly string[] {
  const shown = new Map<string, { version: number; lit: boolean }>();
  for (const lamp of bench.lamps.filter((candidate) => candidate.slot === slot)) {
    const known = shown.get(lamp.presence_id);
    if (known !== undefined && known.version > lamp.version) continue;
    shown.set(lamp.presence_id, { version: lamp.version, lit: lamp.state !== 'terminated' });
  }
  return [...shown].filter(([, { lit }]) => lit).map(([id]) => id);
}

async function flushNow(bench: PublisherBench): Promise<boolean> {
  const flushed = bench.publisher.flush(10_000);
  for (let i = 0; i < 20; i++) await bench.clock.advance(0);
  await bench.clock.advance(10_000);
  return flushed;
}
