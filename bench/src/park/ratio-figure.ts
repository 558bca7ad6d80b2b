import { median, ratios, spread } from '../measure/spread.js';
import { atLeast, type Figure } from '../result.js';
import type { Samples } from './rounds.js';

/** How often a step was done beside a baseline of the same rounds: their rates' median ratio. */
export function ratioFigure<Step extends string>(
  id: string,
  samples: Samples<Step>,
  step: Step,
  baseline: Step,
  bar: number,
): Figure {
  const rates = (name: Step): readonly number[] => samples[name].map(({ rate }) => rate);
  const values = ratios(rates(step), rates(baseline));
  const beside = { spread: spread(values), baseline: `${baseline} ${Math.round(median(rates(baseline)))}/s` };
  return atLeast(id, median(values), bar, 'ratio', beside);
}
