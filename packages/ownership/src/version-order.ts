/**
 * Orders version texts: their numeric parts as numbers, other parts as text, part by part (`1.9.0` < `1.10.0`). Negative: `a` is
 * older.
 */
export function compareVersions(a: string, b: string): number {
  const [as, bs] = [a.split(/[.+-]/), b.split(/[.+-]/)];
  for (let i = 0; i < Math.max(as.length, bs.length); i++) {
    const order = compareParts(as[i] ?? '', bs[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: string, b: string): number {
  const numeric = /^\d{1,15}$/;
  if (numeric.test(a) && numeric.test(b)) return Number(a) - Number(b);
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
