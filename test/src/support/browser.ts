import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's own. It looks for nobody on any network. */
const EXECUTABLE = '/usr/bin/chromium';
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** How long a person would wait for something on a busy machine. */
export const SEEN_WITHIN_MS = 15_000;

export interface Browser {
  /** A window of its own. */
  readonly context: BrowserContext;
  /** What pages complained of: errors of scripts, and what their Content-Security-Policy forbade. */
  readonly complaints: readonly string[];
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** A Chromium with an empty profile. */
export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'parkade-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    args: FLAGS,
    headless: true,
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
  });
  context.setDefaultTimeout(SEEN_WITHIN_MS);
  const complaints: string[] = [];
  return {
    context,
    complaints,
    open: async (url) => {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error' && /content security policy/i.test(message.text()))
          complaints.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What on the page keeps people out, by the rules of WCAG 2.2 A and AA: `rule: where`. */
export async function barriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(await axeSource);
  return page.evaluate<string[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => id + ': ' + target.join(' ') + ' ' + failureSummary)))`,
  );
}
