import { mkdir, readFile, writeFile } from 'node:fs/promises';

/** One figure of the fault suite's results. */
export interface Figure {
  readonly id: string;
  readonly value: number | string;
  readonly unit: string;
  /** What it must be. */
  readonly bar: string;
  readonly ok: boolean;
}

/** Where all figures about faults stand, those of real processes too. */
const RESULTS = new URL('../../test/faults/results/latest.json', import.meta.url);

/** Writes figures in the place of those of the same ids; all others stay. */
export async function save(figures: readonly Figure[], at: URL = RESULTS): Promise<void> {
  const known = await readFile(at, 'utf8').then(
    (text) => JSON.parse(text) as readonly Figure[],
    () => [],
  );
  const kept = known.filter(({ id }) => !figures.some((figure) => figure.id === id));
  await mkdir(new URL('.', at), { recursive: true });
  await writeFile(at, `${JSON.stringify([...kept, ...figures], null, 2)}\n`);
}
