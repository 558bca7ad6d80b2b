import type { Figure } from '@parkade/test';

/** Figures as a table for people. */
export function table(figures: readonly Figure[]): string {
  return figures
    .map(({ id, value, unit, bar, ok }) => {
      const figure = `${id.padEnd(26)}${String(value).padStart(8)} ${unit.padEnd(12)}`;
      return `${figure} bar ${bar.padEnd(10)} ${ok ? 'ok' : 'MISSED'}`;
    })
    .join('\n');
}
