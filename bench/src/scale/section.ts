import { machine } from '../measure/machine.js';
import type { Figure } from '../result.js';
import { fanOutFigures } from './fan-out.js';
import { fullLotFigures } from './full-lot.js';
import { idleFigures } from './idle.js';
import { memoryFigures } from './memory.js';
import { sustainedFigures } from './sustained.js';

type Figures = () => Promise<readonly Figure[]>;

/** What can be measured of it alone, by name. `scale-sustained` takes half an hour and is not in `scale`. */
export const SCALE_PARTS: readonly (readonly [string, Figures])[] = [
  ['scale-idle', idleFigures],
  ['scale-full-lot', fullLotFigures],
  ['scale-fan-out', fanOutFigures],
  ['scale-memory', memoryFigures],
  ['scale-sustained', sustainedFigures],
];

const IN_SCALE: readonly Figures[] = [idleFigures, fullLotFigures, fanOutFigures, memoryFigures];

/** What grows with the number of calls, slots and watchers, and what a cluster costs that does nothing: `npm run bench -- scale`. */
export async function scaleSection(): Promise<readonly Figure[]> {
  console.log(`  ${machine()}`);
  const figures: Figure[] = [];
  for (const measure of IN_SCALE) figures.push(...(await measure()));
  return figures;
}
