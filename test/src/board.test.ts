import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { homeShard, keys } from '@parkade/ids';
import { CallRef, MediaControl, type Park, PresenceType } from '@parkade/proto';
import { DEFAULT_LIMITS, MediaSimulator, startRecall } from '@parkade/recall';
import { silentLog, toDuration } from '@parkade/rpc';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { barriers, type Browser, SEEN_WITHIN_MS, startBrowser } from './support/browser.js';
import { park, parkRequest, pick, retrieve, retrieveParkRequest } from './support/calls.js';
import { type CliProcess, runCli, startCli } from './support/process.js';
import { withCluster } from './support/with-cluster.js';

const SHARDS = 8;
const TENANT = 'acme';
const BIG = 'big';
const BUSY = 1_000;
/** Passed only where a page really stands still: on a machine that others keep busy a task waits for its turn, too. */
const LONGEST_TASK_MS = 500;

const OFFICE = { lots: { default: { ranges: [{ first: '701', last: '720' }], callback_timeout_ms: 2_000 } } };

const cluster = withCluster({
  owners: 2,
  gateways: 1,
  shards: SHARDS,
  settings: {
    tenants: {
      ...Object.fromEntries([TENANT, 'first', 'sorted', 'keys'].map((tenant) => [tenant, OFFICE])),
      [BIG]: { lots: { default: { ranges: [{ first: '1000', last: '2999' }] } } },
    },
  },
});
const clock = new SystemClock();
const media = new MediaSimulator(clock);
const ends: (() => unknown)[] = [];
/** Parked by the test of the moment. */
const left: Park[] = [];
let browser: Browser;
/** Where the board is served. */
let board: string;
/** The process that serves it. */
let gateway: CliProcess;

beforeAll(async () => {
  const { store } = cluster();
  await store.txn({
    compare: [],
    success: [{ kind: 'put', key: keys.mediaNode('node-1'), value: Buffer.from('{}', 'utf8') }],
  });
  media.register(TENANT, '201', ['phone-201']);
  const recall = await startRecall(
    { memberId: 'recall-1', host: '127.0.0.1', port: 0, version: '1.0.0', leaseTtlMs: 2_000, limits: DEFAULT_LIMITS },
    SHARDS,
    { store, clock, random: new SystemRandom(), log: silentLog, media },
  );
  ends.push(() => recall.close());
  [gateway, board] = await startBoard('0');
  browser = await startBrowser();
  ends.push(() => browser.close());
});
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterEach(async () => {
  for (const page of browser.context.pages()) await page.close();
  // Whoever is not there any more, or went on elsewhere, is no matter.
  await Promise.all(left.splice(0).map((parked) => takeOut(parked).catch(() => undefined)));
});

async function startBoard(port: string, args: readonly string[] = []): Promise<[CliProcess, string]> {
  const { etcd } = cluster();
  const child = cluster().start(`board-${port}`, [
    'gateway',
    '--port',
    '0',
    '--http-port',
    port,
    '--etcd',
    etcd,
    ...args,
  ]);
  const [, url = ''] = await child.printed(/^park board on (\S+)$/m);
  return [child, url];
}

interface Called {
  readonly name?: string;
  readonly number?: string;
  readonly note?: string;
  readonly presence?: PresenceType;
  readonly ringbackMs?: number;
}

/** Parks a call of `name` in a slot; its parker's extension is 201. */
async function parkCall(slot: string, callId: string, called: Called = {}, tenant = TENANT): Promise<Park> {
  const { name = 'Ada Lovelace', number = '5550100', note = '', presence, ringbackMs = 600_000 } = called;
  const parked = await park(pick(cluster().clients, 0), {
    ...parkRequest(tenant, slot, callId),
    call: CallRef.fromPartial({ mediaNode: 'node-1', callId, callerName: name, callerNumber: number }),
    parker: { userId: 'alice', deviceId: '', extension: '201' },
    note,
    overrides: {
      ringbackTimeout: toDuration(ringbackMs),
      callbackTimeout: undefined,
      maxPark: undefined,
      presenceId: '',
      presenceType: presence ?? PresenceType.UNSPECIFIED,
    },
  });
  left.push(parked);
  return parked;
}

/** Somebody fetches a call by other means than the board. */
async function takeOut(parked: Park): Promise<void> {
  await retrieve(pick(cluster().clients, 0), retrieveParkRequest(parked.tenantId, parked.parkId, 'phone'));
}

async function openBoard(tenant = TENANT): Promise<Page> {
  const page = await browser.open(`${board}?tenant=${tenant}`);
  await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
  return page;
}

const row = (page: Page, slot: string) => page.locator(`tr[data-slot="${slot}"]`);
/** The text of a row as a person reads it. */
const words = async (page: Page, slot: string): Promise<string> =>
  (await row(page, slot).innerText()).replace(/\s+/g, ' ');
const gone = (page: Page, slot: string) => row(page, slot).waitFor({ state: 'detached' });
const openCall = async (page: Page, slot: string) => {
  await row(page, slot).click();
  return page.getByRole('dialog');
};

describe('the park board in Chromium', () => {
  it('shows a parked call with caller, parker, note, both times and its lamp as soon as it is parked', async () => {
    const page = await openBoard('first');
    await page.getByText('No calls are parked.').waitFor();
    const ada = await parkCall('701', 'call-ada', { note: 'asks for sales', ringbackMs: 3_600_000 }, 'first');
    await row(page, '701').waitFor();
    expect(await words(page, '701')).toMatch(
      /^701 Lamp blinking Ada Lovelace 5550100 201 asks for sales 0:0\d (59:\d\d|1:00:00)$/,
    );
    expect(await page.getByRole('status', { name: 'Calls' }).innerText()).toBe('1 call parked');
    // The time goes by.
    await expect.poll(() => words(page, '701'), { timeout: SEEN_WITHIN_MS }).toMatch(/ 0:0[2-9] 59:\d\d$/);
    // Who does not see it hears it.
    const announced = page.getByRole('status', { name: 'Announcements' });
    await announced.getByText('Ada Lovelace is parked in slot 701.').waitFor({ state: 'attached' });
    await takeOut(ada);
    await gone(page, '701');
    await announced.getByText('Ada Lovelace has left slot 701.').waitFor({ state: 'attached' });
  });

  it('shows the three states of lamps in shape and words, and whatever callers call themselves as text', async () => {
    const evil = '<img src=x onerror="document.title=1">';
    const page = await openBoard();
    const [evilCall] = await Promise.all([
      parkCall('702', 'call-evil', { name: evil, note: '<script>document.title=2</script>' }),
      parkCall('703', 'call-steady', { presence: PresenceType.CONFIRMED }),
    ]);
    await page.getByLabel('Show free slots').check();
    const lamp = (slot: string) => row(page, slot).locator('[data-lamp]');
    await lamp('702').waitFor();
    await lamp('703').waitFor();
    const shown = await Promise.all(['702', '703', '704'].map((slot) => lamp(slot).innerText()));
    expect(shown.map((text) => text.replace(/\s+/g, ' '))).toEqual(['Lamp blinking', 'Lamp on', 'Lamp off']);
    expect(await row(page, '704').getByText('free').count()).toBe(1);
    expect(await words(page, '702')).toContain(evil);
    expect(await page.locator('img, table script').count()).toBe(0);
    expect(await page.title()).toBe('Park board');
    await takeOut(evilCall);
    await lamp('702').getByText('off').waitFor();
  });

  it('finds calls by any word, and sorts them by any column', async () => {
    await parkCall('705', 'call-1', { name: 'Zoe', number: '111', ringbackMs: 900_000 }, 'sorted');
    await parkCall('706', 'call-2', { name: 'Ben', number: '222', note: 'VIP' }, 'sorted');
    await parkCall('707', 'call-3', { name: 'Mia', number: '333', ringbackMs: 0 }, 'sorted');
    const page = await openBoard('sorted');
    const order = () =>
      page.evaluate<string>('[...document.querySelectorAll("tbody tr")].map((row) => row.dataset.slot).join(" ")');
    await row(page, '707').waitFor();
    expect(await order()).toBe('705 706 707');
    await page.getByRole('button', { name: 'Caller' }).click();
    expect(await order()).toBe('706 707 705');
    expect(await page.getByRole('columnheader', { name: 'Caller' }).getAttribute('aria-sort')).toBe('ascending');
    await page.getByRole('button', { name: 'Comes back in' }).click();
    expect(await order()).toBe('706 705 707');
    expect(await words(page, '707')).toMatch(/ never$/);
    await page.getByRole('searchbox', { name: 'Search' }).fill('vip ben');
    await gone(page, '705');
    expect(await order()).toBe('706');
    expect(await page.getByRole('status', { name: 'Calls' }).innerText()).toBe('1 of 3 calls parked');
  });

  it('retrieves, moves, extends, recalls and releases; the recall is seen to ring and to end', async () => {
    const page = await openBoard();
    await parkCall('708', 'call-708');
    let dialog = await openCall(page, '708');
    await dialog.getByRole('heading', { name: 'Ada Lovelace in slot 708' }).waitFor();

    // To a free slot: the call is another park there.
    await dialog.getByLabel('To slot').fill('709');
    await dialog.getByRole('button', { name: 'Move' }).click();
    await dialog.getByText('This call is not in slot 708 any more.').waitFor();
    await page.keyboard.press('Escape');
    await gone(page, '708');
    dialog = await openCall(page, '709');

    await dialog.getByLabel('Comes back in').selectOption('never');
    await dialog.getByRole('button', { name: 'Extend' }).click();
    await dialog.getByText('The time was set.').waitFor();
    await expect.poll(() => words(page, '709'), { timeout: SEEN_WITHIN_MS }).toMatch(/ never$/);

    // To a slot that does not exist: refused in words, and nothing has changed.
    await dialog.getByLabel('To slot').fill('999');
    await dialog.getByRole('button', { name: 'Move' }).click();
    expect(await dialog.getByRole('alert').innerText()).toContain('999');
    expect(await words(page, '709')).toMatch(/ never$/);

    await dialog.getByRole('button', { name: 'Release' }).click();
    await dialog.getByText('nobody is connected with the caller').waitFor();
    await dialog.getByRole('button', { name: 'Yes, release it' }).click();
    await gone(page, '709');
    await page.keyboard.press('Escape');

    const request = parkRequest(TENANT, '710', 'call-710');
    await park(pick(cluster().clients, 0), {
      ...request,
      parker: { userId: '', deviceId: '', extension: '201' },
      mediaControl: MediaControl.CLUSTER,
    });
    dialog = await openCall(page, '710');
    await dialog.getByRole('button', { name: 'Recall now' }).click();
    await row(page, '710').getByText('ringing 201').waitFor();
    await row(page, '710').getByText('ringing 201').waitFor({ state: 'detached' });
    expect(await words(page, '710')).toMatch(/ \d+:\d\d$/);
    // Parkade connects these calls itself, and nobody is at this node: the call stays.
    await dialog.getByLabel('To my extension').fill('202');
    await dialog.getByRole('button', { name: 'Retrieve' }).click();
    await dialog.getByRole('alert').getByText('Nobody controls the media node of this call now').waitFor();
    expect(await words(page, '710')).toMatch(/ \d+:\d\d$/);
    expect(browser.complaints).toEqual([]);
  });

  it('is worked with the keyboard alone', async () => {
    const page = await openBoard('keys');
    await parkCall('711', 'call-711', { name: 'First' }, 'keys');
    await parkCall('712', 'call-712', { name: 'Second' }, 'keys');
    await row(page, '712').waitFor();
    const focused = () =>
      page.evaluate<string>('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent');
    const tabTo = async (label: string): Promise<void> => {
      for (let i = 0; i < 30 && (await focused()) !== label; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(label);
    };
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the board');
    // One stop for the whole table; arrows go on from there.
    await tabTo('Slot 711, First');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('Slot 712, Second');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('Slot 712, Second');
    await page.keyboard.press('Home');
    expect(await focused()).toBe('Slot 711, First');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'First in slot 711' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await focused()).toBe('Slot 711, First');
    await page.keyboard.press('Enter');
    await tabTo('Close');
    await page.keyboard.press('Tab');
    await page.keyboard.type('204');
    await page.keyboard.press('Enter');
    await gone(page, '711');
    await page.getByText('This call is not in slot 711 any more.').waitFor();
    await page.keyboard.press('Escape');
  });

  it('keeps nobody out, light or dark: board, call, cluster and sign-in hold WCAG A and AA by axe', async () => {
    await parkCall('713', 'call-713', { note: 'asks for sales' });
    await parkCall('714', 'call-714', { name: 'Grace Hopper', presence: PresenceType.CONFIRMED });
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openBoard();
      await page.emulateMedia({ colorScheme });
      await page.getByLabel('Show free slots').check();
      await row(page, '714').waitFor();
      expect(await barriers(page), `${colorScheme} board`).toEqual([]);
      await openCall(page, '713');
      expect(await barriers(page), `${colorScheme} call`).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'Cluster' }).click();
      await page.getByRole('heading', { name: 'Slot shards' }).waitFor();
      expect(await barriers(page), `${colorScheme} cluster`).toEqual([]);
      await page.getByRole('button', { name: 'Change tenant or token' }).click();
      await page.getByLabel('Tenant').waitFor();
      expect(await barriers(page), `${colorScheme} sign-in`).toEqual([]);
      await page.close();
    }
  });

  it('takes 1,000 busy slots: a change touches its own row and no other, and no task blocks for long', async () => {
    const [client] = cluster().clients;
    if (client === undefined) throw new Error('no gateway');
    await Promise.all(Array.from({ length: BUSY }, (_, i) => parkCall(String(1_000 + i), `big-${i}`, {}, BIG)));
    const page = await openBoard(BIG);
    await page.getByRole('status', { name: 'Calls' }).getByText('1000 calls parked').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(BUSY);
    await page.evaluate(`
      window.longest = 0; window.added = []; window.removed = []; window.touched = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: 'longtask' });
      new MutationObserver((records) => {
        for (const { type, addedNodes, removedNodes } of records) {
          if (type !== 'childList') continue;
          for (const node of addedNodes) if (node.nodeType === 1) window.added.push(node.dataset.slot ?? node.tagName);
          for (const node of removedNodes) if (node.nodeType === 1) window.removed.push(node.dataset.slot ?? node.tagName);
        }
      }).observe(document.querySelector('tbody'), { childList: true, subtree: true });
    `);
    const CHANGES = 50;
    for (let i = 0; i < CHANGES; i++) await parkCall(String(2_000 + i), `more-${i}`, {}, BIG);
    await row(page, String(2_000 + CHANGES - 1)).waitFor();
    const seen = await page.evaluate<{ longest: number; added: string[]; removed: string[] }>(
      '({ longest, added, removed })',
    );
    expect(seen.added).toEqual(Array.from({ length: CHANGES }, (_, i) => String(2_000 + i)));
    expect(seen.removed).toEqual([]);
    expect(seen.longest).toBeLessThan(LONGEST_TASK_MS);
    await page.getByRole('searchbox', { name: 'Search' }).fill('2049');
    await page.getByRole('status', { name: 'Calls' }).getByText('1 of 1050 calls parked').waitFor();
  });
});

describe('the stream of the park board', () => {
  it('goes on after the last event a page had: what did not change is not told again', async () => {
    const kept = await parkCall('715', 'call-kept');
    const first = await readStream(undefined, (text) => text.includes('event: synced'));
    expect(first).toContain(kept.parkId);
    const id = [...first.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1];
    const fresh = await parkCall('716', 'call-fresh');
    const second = await readStream(id, (text) => text.includes(fresh.parkId));
    expect(second).toContain('"resumed":true');
    expect(second).not.toContain(kept.parkId);
    expect(second).not.toContain('event: reset');
    const stranger = await readStream('nonsense', (text) => text.includes('event: synced'));
    expect(stranger).toContain('event: reset');
  });

  it('shows every call again when the gateway was away, and says meanwhile that what is shown may be old', async () => {
    const page = await openBoard();
    const before = await parkCall('717', 'call-before');
    await row(page, '717').waitFor();
    const { port } = new URL(board);
    gateway.signal('SIGKILL');
    await gateway.ended();
    await page.getByRole('status', { name: 'Connection' }).getByText('Connection lost').waitFor();
    expect(await row(page, '717').count()).toBe(1);
    await takeOut(before);
    await parkCall('718', 'call-after');
    [gateway] = await startBoard(port);
    await row(page, '718').waitFor();
    await gone(page, '717');
    await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
  });
});

/** Reads the stream until what came is enough. */
async function readStream(lastId: string | undefined, enough: (text: string) => boolean): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(`${board}stream?tenant=${TENANT}`, {
    headers: lastId === undefined ? {} : { 'last-event-id': lastId },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(SEEN_WITHIN_MS)]),
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (enough(text)) break;
  }
  stop.abort();
  return text;
}

describe('who may see the board', () => {
  it('is asked for a token where the gateway wants one, and may do no more than the token says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'parkade-board-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const key = join(directory, 'dev.jwk');
    const token = async (...args: string[]) => (await runCli(['token', '--auth-key', key, ...args])).stdout.trim();
    const viewer = await token('--tenant', TENANT, '--role', 'view');
    const [, url] = await startBoard('0', ['--auth', 'dev', '--auth-key', key]);
    await parkCall('719', 'call-719');
    const page = await browser.open(url);
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Tenant').fill('other');
    await page.getByLabel('Token').fill(viewer);
    await page.getByRole('button', { name: 'Show the board' }).click();
    await page.getByRole('alert').getByText('There is no tenant other').waitFor();
    await page.getByLabel('Tenant').fill('');
    await page.getByRole('button', { name: 'Show the board' }).click();
    const dialog = await openCall(page, '719');
    // A viewer is no operator.
    expect(await page.getByRole('link', { name: 'Cluster' }).count()).toBe(0);
    await dialog.getByLabel('To my extension').fill('202');
    await dialog.getByRole('button', { name: 'Retrieve' }).click();
    await dialog.getByRole('alert').getByText('does not give the right retrieve').waitFor();
    expect(await row(page, '719').count()).toBe(1);
    // Kept for this window alone, and not in its address.
    expect(
      await page.evaluate('[location.search, localStorage.length, sessionStorage.getItem("parkade-token")]'),
    ).toEqual(['', 1, viewer]);
  });
});

describe('the board of a cluster that loses an owner', () => {
  it('shows the shards going to the other one, and the call is retrieved from it', async () => {
    const calls = await openBoard();
    await parkCall('720', 'call-720', { name: 'Survivor' });
    await row(calls, '720').waitFor();
    const operator = await openBoard();
    await operator.getByRole('link', { name: 'Cluster' }).click();
    await operator.getByText(`All ${SHARDS} shards have an owner.`).waitFor();
    const owner = (await cluster().ownerOf(homeShard(TENANT, 'default', SHARDS))) ?? '';
    const other = owner === 'owner-1' ? 'owner-2' : 'owner-1';
    await operator.getByRole('rowheader', { name: owner }).waitFor();
    await operator.getByRole('rowheader', { name: 'node-1' }).waitFor();
    await cluster().kill(owner, 'SIGKILL');
    await operator.getByRole('rowheader', { name: owner }).waitFor({ state: 'detached', timeout: 30_000 });
    await operator.getByText(`All ${SHARDS} shards have an owner.`).waitFor({ timeout: 30_000 });
    expect(await operator.getByRole('log', { name: 'Hand-offs' }).innerText()).toMatch(new RegExp(`→ ${other}`));
    // The call was there all the time.
    expect(await row(calls, '720').count()).toBe(1);
    const dialog = await openCall(calls, '720');
    await dialog.getByLabel('To my extension').fill('202');
    await dialog.getByRole('button', { name: 'Retrieve' }).click();
    await gone(calls, '720');
  });
});

it('parkade demo --board says where its board is, and the board shows the calls of the demo as they happen', async () => {
  const demo = startCli('demo', ['demo', '--board']);
  ends.push(() => demo.signal('SIGKILL'));
  const [, url = ''] = await demo.printed(/(http:\S+\/board\/\?tenant=office)/);
  const page = await browser.open(url);
  await row(page, '701').getByText('Grace Hopper').waitFor();
  await row(page, '701').getByText('ringing 1001').waitFor();
  await gone(page, '701');
  await page.goto(url.replace('office', 'demo'));
  await row(page, '704').getByText('Rosalind Franklin').waitFor();
  expect(await words(page, '704')).toMatch(/Lamp on .* never$/);
  demo.signal('SIGTERM');
  expect(await demo.ended()).toBe(0);
});
