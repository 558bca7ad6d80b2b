import type { Figure } from './result.js';

const [WIDTH, LEFT, ROW, TOP] = [760, 190, 22, 40];
/** Decades to either side of the bar that the plot shows. */
const DECADES = 2;

/**
 * All figures in one picture (SVG): each beside the bar it is held to, on a logarithmic scale, so that right of the middle is better
 * whether a figure is to be high or low. What has no scale (a count that must be nothing) is left out.
 */
export function plotOf(figures: readonly Figure[]): string {
  const rows = figures.flatMap((figure) => {
    const times = timesBetter(figure);
    return times === undefined ? [] : [{ ...figure, times }];
  });
  const middle = LEFT + (WIDTH - LEFT) / 2;
  const decade = (WIDTH - LEFT) / 2 / (DECADES + 0.5);
  const height = TOP + rows.length * ROW + 10;
  const bars = rows.map(({ id, value, unit, ok, times }, i) => {
    const y = TOP + i * ROW;
    const length = Math.max(-DECADES, Math.min(DECADES, Math.log10(times))) * decade;
    const [x, width] = length < 0 ? [middle + length, -length] : [middle, length];
    const label = text(length < 0 ? x - 4 : x + width + 4, y + 14, `${value} ${unit}`, length < 0 ? 'end' : 'start');
    return [
      text(LEFT - 8, y + 14, id, 'end'),
      `<rect x="${x.toFixed(1)}" y="${y + 3}" width="${Math.max(1, width).toFixed(1)}" height="${ROW - 7}" fill="${ok ? '#2e7d32' : '#c62828'}"/>`,
      label,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(middle, 16, 'as asked', 'middle'),
    ...[-2, -1, 1, 2].map((at) => text(middle + at * decade, 16, at < 0 ? `÷${10 ** -at}` : `×${10 ** at}`, 'middle')),
    `<line x1="${middle}" x2="${middle}" y1="22" y2="${height - 6}" stroke="#444"/>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}

/** How many times better than its bar a figure is; below 1: worse. */
function timesBetter({ value, bar }: Figure): number | undefined {
  const [, sign, number] = /^([<>≤≥]) (\d+(?:\.\d+)?)$/.exec(bar) ?? [];
  const bound = Number(number);
  if (sign === undefined || bound === 0 || value <= 0) return undefined;
  return sign === '<' || sign === '≤' ? bound / value : value / bound;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" fill="#222">${escaped}</text>`;
}
