import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { expect, it } from 'vitest';
import { ParkadeError } from '../parkade-error.js';
import type { Call, Parks, SlotChange } from '../parks.js';

/** What a slot was seen as by a watcher: who is in it, or `free`. */
type Seen = readonly [slot: string, who: string];

/** What `Parks` promises, of whatever implements it. `parks` gives one tenant with nothing parked, another at each call. */
export function parksContract(parks: () => Parks): void {
  const call = (callId: string): Call => ({ mediaNode: 'node-1', callId, callerName: 'Ada', callerNumber: '555' });
  const failure = async (promise: Promise<unknown>): Promise<ParkadeError> => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ParkadeError)) throw new Error(`it was not refused with a ParkadeError: ${String(error)}`);
    return error;
  };

  it('parks a call in a slot, shows it there, and gives it to one retriever', async () => {
    const tenant = parks();
    const parked = await tenant.park({
      call: call('c1'),
      at: { kind: 'slot', slot: '701' },
      parker: { extension: '1001' },
      note: 'blue car',
      recallAfterMs: 45_000,
    });
    expect(parked).toMatchObject({ lot: 'default', slot: '701', state: 'parked', note: 'blue car' });
    expect(parked.call).toMatchObject({ callId: 'c1', callerName: 'Ada' });
    expect((parked.recallAt?.getTime() ?? 0) - (parked.parkedAt?.getTime() ?? 0)).toBe(45_000);
    const { parks: there } = await tenant.slot({ slot: '701' });
    expect(there.map(({ parkId }) => parkId)).toEqual([parked.parkId]);
    const taken = await tenant.retrieve({ from: { kind: 'slot', slot: '701' }, by: call('r1') });
    expect(taken).toMatchObject({ parkId: parked.parkId, state: 'ended' });
    const late = await failure(tenant.retrieve({ from: { kind: 'slot', slot: '701' }, by: call('r2') }));
    expect([late.reason, late.code, late.again]).toEqual(['SLOT_EMPTY', 'NOT_FOUND', false]);
    const again = await failure(tenant.retrieve({ from: { kind: 'park', parkId: parked.parkId }, by: call('r2') }));
    expect([again.reason, again.metadata['end_reason']]).toEqual(['PARK_ENDED', 'retrieved']);
  });

  it('refuses a taken slot by its name, and a call that is parked already', async () => {
    const tenant = parks();
    await tenant.park({ call: call('c1'), at: { kind: 'slot', slot: '701' } });
    const taken = await failure(tenant.park({ call: call('c2'), at: { kind: 'slot', slot: '701' } }));
    expect([taken.reason, taken.metadata['slot'], taken.again]).toEqual(['SLOT_OCCUPIED', '701', false]);
    const twice = await failure(tenant.park({ call: call('c1'), at: { kind: 'slot', slot: '701' } }));
    expect(twice.reason).toBe('CALL_ALREADY_PARKED');
  });

  it('chooses a free slot, and moves, extends, renews and releases a call', async () => {
    const tenant = parks();
    const first = await tenant.park({ call: call('c1'), at: { kind: 'any' } });
    const second = await tenant.park({ call: call('c2'), at: { kind: 'any' } });
    expect(first.slot).not.toBe(second.slot);
    const moved = await tenant.move(first.parkId, { slot: '719' });
    expect([moved.slot, moved.parkId === first.parkId]).toEqual(['719', false]);
    const extended = await tenant.extend(moved.parkId, 300_000);
    expect((extended.recallAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(200_000);
    const renewed = await tenant.renewPolicy(moved.parkId);
    expect((renewed.recallAt?.getTime() ?? 0) - Date.now()).toBeLessThan(200_000);
    expect((await tenant.release(moved.parkId)).state).toBe('ended');
    const never = await tenant.park({ call: call('c3'), at: { kind: 'any' }, recallAfterMs: 0 });
    expect(never.recallAt).toBeUndefined();
    const back = await tenant.extend(never.parkId, 60_000);
    expect(back.recallAt).toBeInstanceOf(Date);
    expect((await tenant.extend(never.parkId, 0)).recallAt).toBeUndefined();
    await tenant.release(never.parkId);
    const used = [];
    for await (const view of tenant.slots()) if (view.parks.length > 0) used.push(view.slot);
    expect(used).toEqual([second.slot]);
  });

  it('does a request once, however often it is asked for under one id', async () => {
    const tenant = parks();
    const requestId = newRequestId(new SystemClock().nowMs(), new SystemRandom());
    const request = { call: call('c1'), at: { kind: 'any' } } as const;
    const first = await tenant.park(request, { requestId });
    expect((await tenant.park(request, { requestId })).parkId).toBe(first.parkId);
    const other = await failure(tenant.park({ ...request, call: call('c2') }, { requestId }));
    expect(other.reason).toBe('REQUEST_ID_REUSED');
  });

  it('tells a watcher what is there, then each change', async () => {
    const tenant = parks();
    await tenant.park({ call: call('c1'), at: { kind: 'slot', slot: '701' } });
    const stop = new AbortController();
    const seen: Seen[] = [];
    let synced: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (synced = resolve));
    const hear = (change: SlotChange): void => {
      if (change.kind === 'synced') synced();
      if (change.kind === 'slot') seen.push([change.slot.slot, change.slot.parks[0]?.call.callId ?? 'free']);
    };
    const watching = (async () => {
      for await (const change of tenant.watch({ signal: stop.signal })) hear(change);
    })();
    await ready;
    await tenant.park({ call: call('c2'), at: { kind: 'slot', slot: '702' } });
    await expect.poll(() => seen).toContainEqual(['702', 'c2']);
    await tenant.retrieve({ from: { kind: 'slot', slot: '701' }, by: call('r1') });
    await expect.poll(() => seen).toContainEqual(['701', 'free']);
    expect(seen[0]).toEqual(['701', 'c1']);
    stop.abort();
    await watching;
  });
}
