import type { EventMessage } from '@parkade/presence';
import { ParkRequest, ReleaseCause, ReleaseRequest } from '@parkade/proto';
import { callUnary } from '@parkade/cli';
import { toDuration } from '@parkade/rpc';
import { SystemClock } from '@parkade/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALL_MS, park, parkRequest } from './support/calls.js';
import { readEvents } from './support/event-log.js';
import { runHere } from './support/client-command.js';
import { type CliProcess, type CliRun, startCli } from './support/process.js';
import { withCluster } from './support/with-cluster.js';

const TENANT = 'acme';
const RINGS = { ringback_timeout_ms: 1_000, callback_timeout_ms: 1_000 };
const GROUP = { recall_to: 'USER_FIRST_THEN_RING_GROUP', ring_group_id: 'sales', ring_group_time_ms: 1_000 };

const cluster = withCluster({
  owners: 1,
  gateways: 1,
  shards: 8,
  settings: {
    tenants: {
      [TENANT]: {
        ring_groups: { sales: { members: [{ extension: '1001' }] } },
        lots: {
          // Rings until somebody ends that, however slow the machine is.
          default: { any_slot: true, callback_timeout_ms: 600_000 },
          again: { any_slot: true, ...RINGS },
          group: {
            any_slot: true,
            ...RINGS,
            recall: {
              ...GROUP,
              retry_interval_ms: 1_000,
              attempts: 3,
              fallback: { to: 'destination', destination: '5000' },
            },
          },
          short: { any_slot: true, max_park_ms: 1_000 },
        },
      },
    },
  },
});

let recall: CliProcess;
let address = '';
beforeAll(async () => {
  const { etcd, shards } = cluster();
  recall = startCli('recall', ['recall', '--etcd', etcd, '--shards', String(shards), '--lease-ttl', '2s']);
  address = (await recall.printed(/^listening on (\S+)$/m))[1] ?? '';
});
afterAll(async () => {
  recall.signal('SIGTERM');
  expect(await recall.ended()).toBe(0);
  expect(recall.stderr()).not.toContain('"defect"');
});

const recalls = (...args: string[]): Promise<CliRun> =>
  runHere(['recalls', ...args], { PARKADE_RECALL: address, PARKADE_TENANT: TENANT, PARKADE_TIMEOUT: '15s' });

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await recalls(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The park id of a call whose client moves the media: its recalls are told, and the client rings. */
async function parked(lotId: string, slot: string, comesBackInMs?: number): Promise<string> {
  const [client] = cluster().clients;
  if (client === undefined) throw new Error('no gateway');
  const request = ParkRequest.fromPartial({
    ...parkRequest(TENANT, slot, `call-${slot}`),
    target: { kind: { $case: 'slot', value: { lotId, slot } } },
    parker: { extension: '1001' },
    overrides: comesBackInMs === undefined ? undefined : { ringbackTimeout: toDuration(comesBackInMs) },
  });
  return (await park(client, request)).parkId;
}

async function release(parkId: string, cause: ReleaseCause, destination?: string): Promise<void> {
  const [client] = cluster().clients;
  const request = ReleaseRequest.fromPartial({ tenantId: TENANT, parkId, cause, destination });
  if (client !== undefined) await callUnary(client.release.bind(client), request, CALL_MS, new SystemClock());
}

/** What was told of a call, in order: kinds, reasons and attempts. */
function story(events: readonly { readonly event: EventMessage }[], slot: string): readonly string[] {
  return events
    .filter(({ event }) => event.slot === slot)
    .map(({ event: { kind, reason, attempt } }) =>
      [kind, reason, attempt === 0 ? '' : `#${attempt}`].filter((word) => word !== '').join(' '),
    );
}

describe('parkade recalls', () => {
  it('lists deadlines as a table and as JSON, page by page', async () => {
    const ids = [await parked('default', '801', 600_000), await parked('default', '802', 300_000)];
    await parked('default', '803', 0);
    const table = await recalls('--lot', 'default');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(/^LOT +SLOT +STATE +CALLER +COMES BACK +RECALLS +PARKER +PARK ID$/m);
    expect(table.stdout).toMatch(
      new RegExp(`^default +801 +parked +.* in (10m0s|9m\\d+s) +0 +1001 +${ids[0] ?? ''}$`, 'm'),
    );
    expect(table.stdout).not.toContain('803');

    const first = await json('list', '--lot', 'default', '--limit', '1');
    expect(first).toMatchObject({ deadlines: [{ slot: '801', park_id: ids[0], attempt: 0 }], missing_shards: 0 });
    const token = String(first['next_page_token']);
    expect(token).not.toBe('');
    expect(await json('list', '--lot', 'default', '--page-token', token)).toMatchObject({
      deadlines: [{ slot: '802', state: 'parked', call: { call_id: 'call-802' } }],
      next_page_token: '',
    });
    expect((await recalls('--lot', 'nothing-here')).stdout).toBe('no parked call comes back\n');
  });

  it('lets a call come back now, ends that, and moves its deadline', async () => {
    const parkId = await parked('default', '811', 600_000);
    const moved = await json('move', '--park-id', parkId, '--recall-in', '2m');
    expect(moved).toMatchObject({ slot: '811', state: 'parked' });
    expect(Date.parse(String(moved['recall_at'])) - Date.now()).toBeLessThanOrEqual(120_000);

    const id = '019a0000-0000-7000-8000-000000000000';
    expect((await recalls('now', '--park-id', parkId, '--request-id', id)).stderr).toContain('REQUEST_TOO_OLD');
    expect((await recalls('now', '--park-id', parkId)).stdout).toMatch(/ in 811 comes back now, park id /);
    const rings = async (): Promise<unknown> => (await json('list', '--lot', 'default'))['deadlines'];
    const ringing: unknown = expect.arrayContaining([
      expect.objectContaining({ slot: '811', state: 'ringback', attempt: 1 }),
    ]);
    await expect.poll(rings, { timeout: 15_000 }).toEqual(ringing);

    expect(await recalls('cancel', '--park-id', parkId, '--attempt', '2')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('WRONG_ATTEMPT') as string,
    });
    const cancelled = await json('cancel', '--park-id', parkId, '--attempt', '1', '--recall-in', '10m');
    expect(cancelled).toMatchObject({ slot: '811', state: 'parked', attempt: 1 });
    expect((await recalls('move', '--park-id', parkId, '--recall-in', '0')).stdout).toMatch(/ comes back never, /);
    await release(parkId, ReleaseCause.ABANDONED);
    expect((await recalls('now', '--park-id', parkId)).stderr).toMatch(/^parkade: PARK_ENDED: .*abandoned/);

    const events = await readEvents(cluster().nats, 1);
    expect(story(events, '811')).toEqual([
      'parked',
      'extended',
      'extended',
      'recalled #1',
      're-parked cancelled #1',
      'extended',
      'abandoned abandoned',
    ]);
  });

  it('says what is wrong with its command line, and where nobody answers', async () => {
    const missing = await recalls('cancel');
    expect(missing.code).toBe(2);
    for (const flag of ['--park-id', '--attempt']) expect(missing.stderr).toContain(flag);
    expect(await recalls('move', '--park-id', 'x', '--recall-in', 'soon')).toMatchObject({ code: 2 });
    const nobody = await runHere(['recalls', '--recall', '127.0.0.1:1', '--timeout', '1s']);
    expect(nobody.code).toBe(3);
    expect(nobody.stderr).toMatch(/No recall process answers at 127\.0\.0\.1:1 .*parkade up.*--recall/);
    for (const below of ['list', 'now', 'cancel', 'move']) {
      const help = await recalls(below, '--help');
      expect([help.code, help.stdout.includes('Examples:')]).toEqual([0, true]);
    }
  });
});

describe('what becomes of a recall', () => {
  it('is told each as an event of its own, with the reason and the attempt, in order (R24)', async () => {
    const again = await parked('again', '901');
    await parked('group', '902');
    await parked('short', '903');
    const escaping = await parked('default', '904');
    await release(escaping, ReleaseCause.ESCAPED, '5000');

    const stories: Readonly<Record<string, readonly string[]>> = {
      '902': [
        'parked',
        'recalled #1',
        'escalated no-answer #1',
        'recalled #2',
        'recall-failed no-answer #2',
        'recalled #3',
        'branched destination no-answer #3',
      ],
      '903': ['parked', 'expired max-park'],
      '904': ['parked', 'escaped 5000'],
    };
    const told = async (): Promise<Awaited<ReturnType<typeof readEvents>>> =>
      readEvents(cluster().nats, 1, { quietMs: 500 });
    await expect.poll(async () => story(await told(), '902').at(-1), { timeout: 45_000 }).toContain('branched');
    await expect
      .poll(async () => story(await told(), '901').filter((each) => each.startsWith('re-parked')).length, {
        timeout: 30_000,
      })
      .toBeGreaterThan(1);
    await release(again, ReleaseCause.ABANDONED);
    const events = await told();
    for (const [slot, expected] of Object.entries(stories)) expect(story(events, slot)).toEqual(expected);
    expect(story(events, '901').slice(0, 5)).toEqual([
      'parked',
      'recalled #1',
      're-parked no-answer #1',
      'recalled #2',
      're-parked no-answer #2',
    ]);
  });
});
