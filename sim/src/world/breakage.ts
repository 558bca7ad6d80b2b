import type { Bus } from '@parkade/bus';
import type { Sabotage } from './sabotage.js';

/** How a build is broken on purpose: at its ports, so that production knows nothing of it. */
export interface Breakage {
  readonly sabotage?: Sabotage;
  readonly bus?: (bus: Bus) => Bus;
}
