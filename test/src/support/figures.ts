import { mkdir, readFile, writeFile } from 'node:fs/promises';

/** One figure of a report. */
export interface Figure {
  readonly id: string;
  readonly value: number | string;
  readonly unit: string;
  /** What it must be. */
  readonly bar: string;
  readonly ok: boolean;
}

/** Writes figures in the place of those of the same ids, and keeps all others; resolves to all that the file holds now. */
export async function keepFigures<F extends Pick<Figure, 'id'>>(at: URL, figures: readonly F[]): Promise<readonly F[]> {
  const known = await readFile(at, 'utf8').then(
    (text) => JSON.parse(text) as readonly F[],
    () => [],
  );
  const all = [...known.filter(({ id }) => !figures.some((figure) => figure.id === id)), ...figures];
  await mkdir(new URL('.', at), { recursive: true });
  await writeFile(at, `${JSON.stringify(all, null, 2)}\n`);
  return all;
}
