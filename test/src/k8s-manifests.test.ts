import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from './support/k8s/checks.js';
import { askProgramFlags, type ProgramFlags } from './support/k8s/program-help.js';
import { containersOf, type Manifest, type Overlay, renderOverlay, workloads } from './support/manifests.js';

const OVERLAYS = ['dev', 'production'] as const;

let programs: ProgramFlags;
const rendered = new Map<Overlay, readonly Manifest[]>();
beforeAll(async () => {
  programs = await askProgramFlags();
  for (const overlay of OVERLAYS) rendered.set(overlay, await renderOverlay(overlay));
});

describe.each(OVERLAYS)('the %s overlay', (overlay) => {
  it.each(Object.entries(CHECKS[overlay]))('%s', (_, check) => expect(check(of(overlay), programs)).toEqual([]));

  it('is all in one namespace, that it makes', () => {
    const [namespace] = of(overlay).filter(({ kind }) => kind === 'Namespace');
    const others = of(overlay).filter(({ kind }) => kind !== 'Namespace');
    expect(new Set(others.map(({ metadata }) => metadata.namespace))).toEqual(new Set([namespace?.metadata.name]));
  });

  it('runs the version of this checkout', async () => {
    const file = await readFile(new URL('../../cli/package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(file) as { version: string };
    const images = workloads(of(overlay))
      .flatMap(containersOf)
      .map(({ image }) => image ?? '');
    const own = images.filter((image) => image.startsWith('parkade'));
    expect([own.length, new Set(own)]).toEqual([7, new Set([`parkade:${version}`])]);
  });
});

function of(overlay: Overlay): readonly Manifest[] {
  return rendered.get(overlay) ?? [];
}
