import { machine } from '../measure/machine.js';
import type { Figure } from '../result.js';
import { fanOutFigures } from './fan-out.js';
import { fullLotFigures } from './full-lot.js';
import { idleFigures } from './idle.js';
import { memoryFigures } from './memory.js';

/** What grows with the number of calls, slots and watchers, and what a cluster costs that does nothing: `npm run bench -- scale`. */
export async function scaleSection(): Promise<readonly Figure[]> {
  console.log(`  ${machine()}`);
  return [
    ...(await idleFigures()),
    ...(await fullLotFigures()),
    ...(await fanOutFigures()),
    ...(await memoryFigures()),
  ];
}
