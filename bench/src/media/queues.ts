/** How much waits, by queue, at one moment. */
type Depths = Readonly<Record<string, number>>;

/** Parked calls wait, but in no queue. */
const NO_QUEUE = 'parked';

/** By how much the queue that grew most has grown: its mean in the last quarter of the time less that in the first. */
export function growthOf(depths: readonly Depths[]): number {
  const [first, last] = quarters(depths);
  return Math.max(0, ...names(depths).map((name) => mean(last, name) - mean(first, name)));
}

/** Prints each queue's mean in the first and the last quarter of the time, and its deepest moment. */
export function tell(depths: readonly Depths[]): void {
  const [first, last] = quarters(depths);
  for (const name of names(depths)) {
    const most = Math.max(...depths.map((each) => each[name] ?? 0));
    const [early, late] = [mean(first, name).toFixed(1), mean(last, name).toFixed(1)];
    console.log(`  ${name.padEnd(10)} waiting: first quarter ${early}, last quarter ${late}, at most ${most}`);
  }
}

function names(depths: readonly Depths[]): readonly string[] {
  return [...new Set(depths.flatMap((each) => Object.keys(each)))].filter((name) => name !== NO_QUEUE);
}

function quarters(depths: readonly Depths[]): readonly [readonly Depths[], readonly Depths[]] {
  const quarter = Math.ceil(depths.length / 4);
  return [depths.slice(0, quarter), depths.slice(-quarter)];
}

function mean(depths: readonly Depths[], name: string): number {
  return depths.reduce((sum, each) => sum + (each[name] ?? 0), 0) / Math.max(1, depths.length);
}
