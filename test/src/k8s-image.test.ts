import { readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { podSpecOf, renderOverlay, workload } from './support/manifests.js';

const ROOT = new URL('../../', import.meta.url);
const text = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** The instructions of the Dockerfile: the word and what follows it, continued lines joined. */
async function instructions(): Promise<readonly (readonly [string, string])[]> {
  const lines = (await text('deploy/Dockerfile')).replace(/\\\n/g, ' ').split('\n');
  return lines.flatMap((line) => {
    const [, word, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    return word === undefined || rest === undefined ? [] : [[word, rest] as const];
  });
}

describe('the image', () => {
  it('is built in stages, from versions that are named', async () => {
    const stages = (await instructions()).filter(([word]) => word === 'FROM').map(([, rest]) => rest);
    expect(stages).toHaveLength(2);
    for (const stage of stages) expect(stage).toMatch(/^node:20\.\d+\.\d+-[a-z]+-slim( AS [a-z]+)?$/);
  });

  it('runs as the user that the manifests run it as, who is not root', async () => {
    const manifests = await renderOverlay('production');
    const { runAsUser, runAsGroup } = podSpecOf(workload(manifests, 'parkade-gateway')).securityContext ?? {};
    const last = (await instructions()).filter(([word]) => word === 'USER').at(-1);
    expect(last?.[1]).toBe(`${runAsUser ?? 0}:${runAsGroup ?? 0}`);
    expect(runAsUser).toBeGreaterThan(0);
  });

  it('has the command line as parkade, which is what the manifests start', async () => {
    const { bin } = JSON.parse(await text('cli/package.json')) as { bin: { parkade: string } };
    const all = (await instructions()).map(([word, rest]) => `${word} ${rest}`).join('\n');
    expect(all).toContain(`ln -s ${new URL(bin.parkade, 'file:///app/cli/').pathname} /usr/local/bin/parkade`);
    expect(all).toContain('ENTRYPOINT ["parkade"]');
    expect(await text('cli/dist/main.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('is built from files that are there and nothing else', async () => {
    const patterns = (await text('.dockerignore')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(patterns[0]).toBe('*');
    const taken = patterns.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    for (const path of taken) expect((await stat(new URL(path, ROOT))).isFile() || !path.includes('.')).toBe(true);
    expect(patterns).toEqual(expect.arrayContaining(['**/node_modules', '**/dist']));
    // npm ci wants every workspace of the lock file.
    const { workspaces } = JSON.parse(await text('package.json')) as { workspaces: string[] };
    const covered = (workspace: string): boolean =>
      taken.some(
        (path) => path === `${workspace}/package.json` || workspace === path || workspace.startsWith(`${path}/`),
      );
    expect(workspaces.filter((workspace) => !covered(workspace))).toEqual([]);
  });
});
