import { sleep } from '@parkade/clock';
import { type Join, join, type Joined } from '../switch/joining.js';
import type { NodeContext } from './context.js';

/** Until what nobody knows is looked at again. */
const AGAIN_MS = 1_000;

/**
 * As `join`, and until it is known what became of it: whoever drives an attempt to fetch a call ends it, and nobody else does
 * while he is at it. `unknown` only where the switch says nothing for as long as a retrieve may take. Phones that a recall has ring
 * for the call stop, also where the process that runs it is gone (R15).
 */
export async function joinSurely(context: NodeContext, about: Join, hold: () => Promise<void>): Promise<Joined> {
  const { sw, clock, config, endRinging } = context;
  endRinging(about.parkId);
  const endMs = clock.monotonicMs() + config.limits.giveUpMs;
  for (let bothWait = about.bothWait; ; bothWait = false) {
    const joined = await join(sw, { ...about, bothWait }, hold);
    if (joined !== 'unknown' || clock.monotonicMs() > endMs) return joined;
    await sleep(clock, AGAIN_MS);
  }
}
