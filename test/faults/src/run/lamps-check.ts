import { setTimeout as delay } from 'node:timers/promises';
import { lampFacts } from '@parkade/presence';
import type { Store } from '@parkade/store';
import { type Lamps, storedSlots } from '@parkade/test';

/** The slots whose lamp does not show what the store holds, as sentences. */
export async function wrongLamps(store: Store, lamps: Lamps): Promise<readonly string[]> {
  const slots = await storedSlots(store);
  return slots.flatMap(({ tenantId, lotId, slot, record }) => {
    const wanted = lampFacts(record)?.state;
    // One that nobody was ever told of is dark.
    const shown = lamps.state(slot, tenantId, lotId) ?? 'terminated';
    if (wanted === undefined || wanted === shown) return [];
    return [`the lamp of ${tenantId}/${lotId}/${slot} shows ${shown} and should show ${wanted}`];
  });
}

/** Resolves to how long it took, from `sinceMs`, until every lamp was right; after `limitMs` to those that are wrong. */
export async function lampsRight(
  store: Store,
  lamps: Lamps,
  sinceMs: number,
  limitMs: number,
): Promise<{ readonly tookMs: number; readonly wrong: readonly string[] }> {
  for (;;) {
    const wrong = await wrongLamps(store, lamps);
    const tookMs = performance.now() - sinceMs;
    if (wrong.length === 0 || tookMs > limitMs) return { tookMs, wrong };
    await delay(25);
  }
}
