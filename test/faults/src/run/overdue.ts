import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@parkade/store';
import { storedSlots } from '@parkade/test';

/** A recall begins this long after its deadline at the latest, on a machine that is busy. */
const LATE_MS = 5_000;

/** Calls that should have come back and wait on, as sentences; asked again until there are none, or the time is over. */
export async function overdueRecalls(store: Store, limitMs: number): Promise<readonly string[]> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const slots = await storedSlots(store);
    const late = slots.flatMap(({ key, record }) =>
      record.parks.flatMap(({ parkId, state }) => {
        if (state?.$case !== 'parked' || state.value.recallAtMs === 0) return [];
        const lateMs = Date.now() - state.value.recallAtMs;
        return lateMs > LATE_MS ? [`park ${parkId} in ${key} should have been rung ${lateMs} ms ago`] : [];
      }),
    );
    if (late.length === 0 || performance.now() > endMs) return late;
    await delay(100);
  }
}
