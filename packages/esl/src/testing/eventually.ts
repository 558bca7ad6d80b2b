import type { ManualClock } from '@parkade/clock';

const MAX_ROUNDS = 5_000;

/**
 * Waits, letting real sockets work, until `condition` holds; with a clock it lets `stepMs` of manual time pass in each
 * round. Throws when the condition does not come about.
 */
export async function eventually(condition: () => boolean, clock?: ManualClock, stepMs = 100): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (condition()) return;
    await clock?.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`not within ${MAX_ROUNDS} rounds: ${condition.toString()}`);
}
