import type { World } from '../world/world.js';
import { wrongLamps } from './lamps.js';

/** Lamps show what slots hold this long after the faults have ended and nothing changes any more. */
const LAMPS_MS = 2_000;

/** Lamps that are wrong 2 s after everything came to rest. */
export async function lampsAfter(world: World): Promise<readonly string[]> {
  const { scheduler } = world;
  const endMs = scheduler.nowMs + LAMPS_MS;
  let wrong = await wrongLamps(world);
  while (wrong.length > 0 && scheduler.nowMs < endMs) {
    await scheduler.wait(50);
    wrong = await wrongLamps(world);
  }
  return wrong;
}
