import type { Figure } from '../result.js';
import { deadlineFigures } from './deadlines.js';
import { dueCallFigures } from './due-calls.js';

/** Timers and recalls: `npm run bench -- recall`. */
export async function recallSection(): Promise<readonly Figure[]> {
  return [...deadlineFigures(), ...(await dueCallFigures())];
}
