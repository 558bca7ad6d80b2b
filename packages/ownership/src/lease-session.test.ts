import { ManualClock, SeededRandom } from '@parkade/clock';
import { openEmbeddedStore } from '@parkade/store';
import { describe, expect, it } from 'vitest';
import { FaultyStore } from './faulty-store.testing.js';
import { LeaseSession } from './lease-session.js';

async function setUp(ttlMs = 5_000) {
  const clock = new ManualClock();
  const inner = await openEmbeddedStore({ clock });
  const faulty = new FaultyStore(inner);
  const events: string[] = [];
  const session = new LeaseSession({ ttlMs }, { store: faulty.store, clock, random: new SeededRandom(1) });
  session.onObtained(({ leaseId }) => events.push(`obtained ${leaseId}`));
  session.onLost(({ leaseId }, loss) => events.push(`lost ${leaseId} ${loss} at ${clock.monotonicMs()}`));
  session.start();
  await clock.advance(0);
  return { clock, inner, faulty, session, events };
}

describe('a lease session', () => {
  it('stays valid as long as keepalives are answered, whatever the wall clock does', async () => {
    const { clock, session, events } = await setUp();
    for (let i = 0; i < 20; i++) {
      clock.stepWall(i % 2 === 0 ? 3_600_000 : -3_600_000);
      await clock.advance(1_000);
      expect(session.valid()).toBe(true);
    }
    expect(events).toEqual(['obtained 1']);
    expect(session.remainingMs()).toBeGreaterThan(3_000);
  });

  it('lives through an outage shorter than its validity (L4)', async () => {
    const { clock, session, faulty, events } = await setUp();
    await clock.advance(1_000);
    faulty.cut = true;
    await clock.advance(4_000);
    expect(session.valid()).toBe(true);
    faulty.cut = false;
    await clock.advance(10_000);
    expect(session.valid()).toBe(true);
    expect(events).toEqual(['obtained 1']);
  });

  it('is not valid past sent + TTL - margin, tells so before the store can have ended the lease, and gets another (L1, L3)', async () => {
    const { clock, session, faulty, events } = await setUp();
    await clock.advance(1_000);
    faulty.cut = true;
    await clock.advance(4_499);
    expect(session.valid()).toBe(true);
    await clock.advance(1);
    expect(session.valid()).toBe(false);
    expect(session.remainingMs()).toBe(0);
    expect(events).toEqual(['obtained 1', 'lost 1 expired at 5500']);
    faulty.cut = false;
    await clock.advance(3_000);
    expect(session.valid()).toBe(true);
    expect(events.at(-1)).toBe('obtained 2');
  });

  it('knows at once after a freeze, before any timer ran, and stays not valid (L2)', async () => {
    const clock = new ManualClock();
    let frozenMs = 0;
    const frozen = Object.create(clock, {
      monotonicMs: { value: () => clock.monotonicMs() + frozenMs },
    }) as ManualClock;
    const store = await openEmbeddedStore({ clock });
    const session = new LeaseSession(
      {},
      {
        store,
        random: new SeededRandom(1),
        clock: {
          nowMs: () => clock.nowMs(),
          monotonicMs: () => frozen.monotonicMs(),
          setTimer: (delayMs, fn) => clock.setTimer(delayMs, fn),
          defer: (fn) => clock.defer(fn),
        },
      },
    );
    session.start();
    await clock.advance(100);
    const before = session.current();
    expect(before).toBeDefined();
    frozenMs = 6_000;
    expect(session.valid()).toBe(false);
    frozenMs = 0;
    expect(session.valid()).toBe(false);
    await clock.advance(1_000);
    expect(session.current()?.incarnation).not.toBe(before?.incarnation);
  });

  it('drops a lease that the store does not know any more', async () => {
    const { clock, session, inner, events } = await setUp();
    await inner.revokeLease('1');
    await clock.advance(1_000);
    expect(events).toContain('lost 1 gone at 1000');
    await clock.advance(200);
    expect(session.leaseId).toBe('2');
  });

  it('revokes its lease when closed, and gets no other', async () => {
    const { clock, session, inner, events } = await setUp();
    await session.close();
    expect(session.valid()).toBe(false);
    await expect(inner.keepAlive('1')).rejects.toMatchObject({ code: 'lease-not-found' });
    await clock.advance(60_000);
    expect(events).toEqual(['obtained 1', 'lost 1 closed at 0']);
    expect(clock.pendingTimers).toBe(0);
  });
});
