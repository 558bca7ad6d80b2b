import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startCli } from './support/process.js';
import { scrape } from './support/scrape.js';
import { withCluster } from './support/with-cluster.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RULES = join(ROOT, 'deploy/monitoring/rules');
const run = promisify(execFile);

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly annotations: Record<string, string> }[];
  }[];
}

async function alerts(): Promise<Rules['groups'][number]['rules']> {
  const rules = parse(await readFile(join(RULES, 'parkade.rules.yml'), 'utf8')) as Rules;
  return rules.groups.flatMap((group) => group.rules);
}

/** Names of metrics in a text, histograms by their own name. */
function named(text: string): Set<string> {
  const names = text.match(/\b(?:parkade|nodejs|process)_[a-z0-9_]+/g) ?? [];
  return new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, '')));
}

/** Every metric of a scrape, by its HELP line. */
function told(text: string): readonly string[] {
  return [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name = '']) => name);
}

describe('the alert rules', () => {
  it('are good rules, and fire on what they say', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', join(RULES, 'parkade.rules.yml')]);
    expect(stdout).toContain(`SUCCESS: ${(await alerts()).length} rules found`);
    await run('promtool', ['test', 'rules', 'parkade.test.yml'], { cwd: RULES });
  });

  it('are each tried, and each has a runbook that leads only to pages that are there', async () => {
    const tests = await readFile(join(RULES, 'parkade.test.yml'), 'utf8');
    for (const { alert, annotations } of await alerts()) {
      expect([alert, tests.split(`alertname: ${alert}\n`).length > 1]).toEqual([alert, true]);
      expect(annotations['runbook_url']).toBe(`docs/runbooks/${alert}.md`);
      const runbook = await readFile(join(ROOT, `docs/runbooks/${alert}.md`), 'utf8');
      for (const part of ['## What it means', '## Look at', '## Do']) expect(runbook).toContain(part);
    }
    const folder = join(ROOT, 'docs/runbooks');
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), 'utf8');
      for (const [, link = ''] of text.matchAll(/\]\(([^)#:]+\.md)\)/g))
        await expect(readFile(join(folder, link), 'utf8'), `${file} → ${link}`).resolves.not.toBe('');
    }
  });
});

describe('every metric that is named', () => {
  const cluster = withCluster({ owners: 1, gateways: 1, shards: 4 });

  it('in a dashboard, a rule or the docs is told by some process, and the docs name all of ours', async () => {
    const { etcd, nats, addresses } = cluster();
    const more = ['--etcd', etcd, '--metrics', '127.0.0.1:0'];
    const [gateway = ''] = addresses;
    const others = [
      startCli('recall', ['recall', ...more, '--shards', '4']),
      startCli('flow', ['flow', ...more, '--port', '0', '--gateway', gateway]),
      startCli('media', ['media', ...more, '--gateway', gateway, '--outbound-port', '0'], {
        PARKADE_ESL_PASSWORD: 'x',
      }),
      startCli('records', ['records', ...more, '--nats', nats]),
      startCli('gateway', ['gateway', ...more, '--port', '0', '--http-port', '0']),
      // With an allow list of tenants.
      startCli('owner', ['slot-shard', ...more, '--nats', nats, '--shards', '4', '--metrics-tenants', 'acme']),
    ];
    try {
      const texts = await Promise.all([
        cluster().metricsOf('owner-1'),
        cluster().metricsOf('gateway-1'),
        ...others.map(async (child) => {
          await child.printed(/^listening on/m);
          return scrape(child);
        }),
      ]);
      const exist = new Set(texts.flatMap(told));
      const folder = join(ROOT, 'deploy/monitoring/dashboards');
      const files = [
        join(RULES, 'parkade.rules.yml'),
        join(ROOT, 'docs/METRICS.md'),
        ...(await readdir(folder)).map((file) => join(folder, file)),
        ...(await readdir(join(ROOT, 'docs/runbooks'))).map((file) => join(ROOT, 'docs/runbooks', file)),
      ];
      for (const file of files) {
        const unknown = [...named(await readFile(file, 'utf8'))].filter((name) => !exist.has(name) && !isPattern(name));
        expect([file, unknown]).toEqual([file, []]);
      }
      const documented = named(await readFile(join(ROOT, 'docs/METRICS.md'), 'utf8'));
      expect([...exist].filter((name) => name.startsWith('parkade_') && !documented.has(name))).toEqual([]);
    } finally {
      for (const child of others) child.signal('SIGKILL');
      await Promise.all(others.map((child) => child.ended()));
    }
  });
});

/** `process_*` and the beginning of a regular expression. */
function isPattern(name: string): boolean {
  return name.endsWith('_');
}
