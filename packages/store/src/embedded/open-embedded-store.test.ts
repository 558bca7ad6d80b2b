import { ManualClock, SystemClock } from '@parkade/clock';
import { expect, it } from 'vitest';
import type { WatchEvent } from '../store.js';
import { openEmbeddedStore } from './open-embedded-store.js';

it('delivers an event after the answer of its transaction (W2)', async () => {
  for (const clock of [new ManualClock(), new SystemClock()]) {
    const store = await openEmbeddedStore({ clock });
    const seen: string[] = [];
    const delivered = new Promise<readonly WatchEvent[]>((resolve) => {
      store.watch({ start: 'a' }, 1, {
        events: (events) => {
          seen.push('event');
          resolve(events);
        },
        compacted: () => undefined,
      });
    });
    const result = await store.txn({
      compare: [{ kind: 'absent', key: 'a' }],
      success: [{ kind: 'put', key: 'a', value: Uint8Array.of(1) }],
    });
    seen.push('answer');
    expect(result).toEqual({ succeeded: true, revision: 2, results: [[]] });
    expect(await delivered).toHaveLength(1);
    expect(seen).toEqual(['answer', 'event']);
    await store.close();
  }
});
