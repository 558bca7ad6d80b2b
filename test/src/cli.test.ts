import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keys } from '@parkade/ids';
import { prefixRange } from '@parkade/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from './support/client-command.js';
import { type CliRun, runCli, startCli } from './support/process.js';
import { withCluster } from './support/with-cluster.js';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parkade-cli-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Stands for any text that matches. */
function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

/** Time enough on a busy machine. */
const TIMEOUT = ['--timeout', '15s'];

describe('the client commands', () => {
  const cluster = withCluster({ owners: 2, gateways: 1, shards: 8 });

  const environment = (): Record<string, string | undefined> => ({
    PARKADE_GATEWAY: cluster().addresses[0],
    PARKADE_TENANT: 'cli',
    PARKADE_TIMEOUT: '15s',
  });
  /** A command against the cluster's gateway, told by the environment. */
  const parkade = (...args: string[]): Promise<CliRun> => runHere(args, environment());
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await parkade(...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it('park, show, extend, move, and retrieve a call', async () => {
    const parked = await json(
      'park',
      '--slot',
      '701',
      '--call-id',
      'c1',
      '--caller-name',
      'Ada',
      '--recall-after',
      '60s',
    );
    expect(parked).toMatchObject({
      slot: '701',
      lot: 'default',
      tenant: 'cli',
      state: 'parked',
      call: { call_id: 'c1' },
    });
    const parkId = String(parked['park_id']);

    expect(await json('slots')).toMatchObject({
      slots: [{ slot: '701', presence: 'early', parks: [{ park_id: parkId }] }],
    });
    await json('park', '--slot', '9', '--call-id', 'c9');
    const cut = await json('slots', '--limit', '1');
    expect(cut['slots']).toHaveLength(1);
    const rest = await json('slots', '--page-token', String(cut['next_page_token']));
    expect([rest['slots'], rest['next_page_token']]).toMatchObject([[{ slot: '9' }], '']);
    expect((await parkade('slots', '--limit', '1')).stdout).toMatch(/^there are more: --limit, or --page-token \S+$/m);
    await json('retrieve', '--slot', '9', '--call-id', 'c10');
    const table = await parkade('slots');
    expect(table.stdout).toMatch(/^LOT +SLOT +STATE +CALLER/);
    expect(table.stdout).toMatch(new RegExp(`^default +701 +parked +Ada .* ${parkId}$`, 'm'));

    const extended = await parkade('extend', '--park-id', parkId, '--recall-in', '10m');
    expect(extended).toMatchObject({ code: 0, stderr: '' });
    expect(extended.stdout).toMatch(/Ada waits in 701 \(comes back in (10m0s|9m5\ds)\)/);

    const renewed = await parkade('renew', '--park-id', parkId);
    expect(renewed.stdout).toMatch(/Ada waits in 701 \(comes back in (1m0s|\d\ds)\)/);

    const moved = await json('move', '--park-id', parkId, '--slot', '702');
    expect(moved).toMatchObject({ slot: '702', previous_park_id: parkId });
    expect(await json('slot', '--slot', '701')).toMatchObject({ parks: [] });

    const taken = await parkade('retrieve', '--slot', '702', '--call-id', 'c2');
    expect(taken.stdout).toBe(`Ada was retrieved from 702, park id ${String(moved['park_id'])}\n`);
    expect((await parkade('slots')).stdout).toBe('no slot is in use\n');
  });

  it('park in any free slot, at an extension, release, and park or retrieve', async () => {
    const any = await json('park', '--call-id', 'd1');
    expect(any).toMatchObject({ slot: '101' });
    expect(await json('release', '--park-id', String(any['park_id']), '--call-id', 'd1')).toMatchObject({
      state: 'ended',
      end_reason: 'released',
    });
    expect(await json('park', '--extension', '204', '--call-id', 'd2')).toMatchObject({ slot: '204' });
    expect(await json('retrieve', '--extension', '204', '--call-id', 'd3')).toMatchObject({ call: { call_id: 'd2' } });
    expect(await json('park-or-retrieve', '--slot', '9', '--call-id', 'd4')).toMatchObject({ action: 'parked' });
    expect(await json('park-or-retrieve', '--slot', '9', '--call-id', 'd5')).toMatchObject({
      action: 'retrieved',
      park: { call: { call_id: 'd4' }, retriever: { call_id: 'd5' } },
    });
  });

  it('say why they were refused, with exit code 1', async () => {
    const retrieve = ['retrieve', '--slot', '777', '--call-id', 'e1'];
    const refused = await runCli(retrieve, environment());
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^parkade: SLOT_EMPTY: /);
    const machine = await runCli([...retrieve, '--json'], environment());
    expect(machine.code).toBe(1);
    expect(JSON.parse(machine.stderr)).toMatchObject({ reason: 'SLOT_EMPTY', code: 'NOT_FOUND', exit_code: 1 });
    const gateway = cluster().addresses[0] ?? '';
    const elsewhere = await parkade('recalls', '--recall', gateway);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([1, matching(/is no recall process.*with --recall/)]);
  });

  it('watch the lamps change until told to stop', async () => {
    const args = ['watch', '--tenant', 'watched', '--gateway', cluster().addresses[0] ?? '', '--count', '2', '--json'];
    const watch = startCli('watch', args);
    await watch.printed(/"synced"/);
    await parkade('park', '--tenant', 'watched', '--slot', '5', '--call-id', 'w1');
    await parkade('retrieve', '--tenant', 'watched', '--slot', '5', '--call-id', 'w2');
    expect(await watch.ended()).toBe(0);
    const lines = watch.stdout().trim().split('\n');
    const changes = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'changed');
    expect(changes).toMatchObject([
      { slot: '5', presence: 'early', parks: [{ state: 'parked' }] },
      { slot: '5', presence: 'terminated', parks: [] },
    ]);
  });

  it('show who owns what', async () => {
    const shards = await json('shards', '--etcd', cluster().etcd);
    expect(shards).toMatchObject({ shards: 8, without_owner: 0 });
    const owners = shards['owners'] as { member: string; shards: number[] }[];
    expect(owners.map(({ member }) => member).sort()).toEqual(['owner-1', 'owner-2']);
    expect(owners.flatMap((owner) => owner.shards).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await parkade('shards', '--etcd', cluster().etcd)).stdout).toMatch(/^8 of 8 shards have an owner$/m);
  });

  it('apply settings, or say everything that is wrong with them and write nothing', async () => {
    const file = join(directory, 'settings.json');
    await writeFile(
      file,
      JSON.stringify({ tenants: { acme: { lots: { sales: { ranges: [{ first: '1', last: '1' }] } } } } }),
    );
    expect(await json('settings', 'apply', file, '--etcd', cluster().etcd)).toMatchObject({ written: 1 });
    const { kvs } = await cluster().store.range(prefixRange(keys.tenantAudit('acme')));
    const records = kvs.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as object);
    expect(records).toContainEqual(
      expect.objectContaining({ operation: 'settings apply', principal: matching(/^cli:./), things: ['lots/sales'] }),
    );
    expect(await json('park', '--tenant', 'acme', '--lot', 'sales', '--call-id', 's1')).toMatchObject({ slot: '1' });
    const full = await parkade('park', '--tenant', 'acme', '--lot', 'sales', '--call-id', 's2');
    expect([full.code, full.stderr]).toMatchObject([1, matching(/^parkade: LOT_FULL/)]);

    await writeFile(file, JSON.stringify({ tenants: { acme: { lots: { a: { spread: 0 }, b: { colour: 1 } } } } }));
    const wrong = await parkade('settings', 'apply', file, '--etcd', cluster().etcd);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/lots\.a\.spread/);
    expect(wrong.stderr).toMatch(/lots\.b\.colour/);
  });

  it('set and show what a tenant may take', async () => {
    expect((await parkade('park', '--slot', '1', '--call-id', 'q1')).code).toBe(0);
    const set = await parkade('quotas', 'set', '--parked-calls', '50');
    expect(set.stdout).toMatch(/^parked calls: 50\nslots in use: no bound$/m);
    expect(await json('quotas', 'show')).toMatchObject({ quotas: { parkedCalls: 50 }, in_force: { parkedCalls: 50 } });
    expect((await parkade('quotas', 'set', '--parked-calls', '0')).code).toBe(2);
    expect((await parkade('quotas', 'set')).code).toBe(2);
    expect((await parkade('quotas', 'set', '--slots', '40')).code).toBe(0);
    expect(await json('quotas', 'show')).toMatchObject({ in_force: { parkedCalls: 50, slots: 40 } });
    expect((await parkade('quotas', 'clear')).stdout).toMatch(/^parked calls: no bound$/m);
    expect((await parkade('retrieve', '--slot', '1', '--call-id', 'q2')).code).toBe(0);
  });

  it('register media nodes, list them, and take them out', async () => {
    const etcd = ['--etcd', cluster().etcd];
    const added = await json('media-nodes', 'add', 'fs-1', '--event-socket', '127.0.0.1:8021', ...etcd);
    expect(added).toMatchObject({ name: 'fs-1', host: '127.0.0.1', port: 8021, recovers: false });
    await json('media-nodes', 'add', 'fs-2', '--event-socket', '[::1]:8021', '--sip', '10.0.0.6:5080', ...etcd);
    expect(await json('media-nodes', 'list', ...etcd)).toEqual({
      media_nodes: [
        { name: 'fs-1', host: '127.0.0.1', port: 8021, sip_address: '', recovers: false },
        { name: 'fs-2', host: '::1', port: 8021, sip_address: '10.0.0.6:5080', recovers: false },
      ],
    });
    expect(await json('media-nodes', 'remove', 'fs-2', ...etcd)).toEqual({ name: 'fs-2', removed: true });
    expect((await parkade('media-nodes', 'remove', 'fs-1', ...etcd)).stdout).toBe('fs-1 is not registered any more\n');
    expect((await parkade('media-nodes', 'remove', 'fs1', ...etcd)).stdout).toBe('fs1 was not registered\n');
    expect((await parkade('media-nodes', 'list', ...etcd)).stdout).toContain('no media nodes');
    expect(await json('media-nodes', 'list', ...etcd)).toEqual({ media_nodes: [] });
    const wrong = await parkade('media-nodes', 'add', 'fs 1', '--event-socket', '127.0.0.1:8021', ...etcd);
    expect([wrong.code, wrong.stderr]).toEqual([2, matching(/a name is 1 to 64 printable/)]);
    const at = ['media-nodes', 'add', 'fs-1', '--event-socket'];
    const sip = await parkade(...at, '127.0.0.1:8021,127.0.0.2:8021', '--sip', 'sip:10.0.0.5', ...etcd);
    expect([sip.code, sip.stderr]).toEqual([
      2,
      matching(/--event-socket must be host:port[^]*--sip must be host:port/),
    ]);
  });

  it('bring a call back that nobody fetches, once a recall process runs', { timeout: 60_000 }, async () => {
    const file = join(directory, 'soon.json');
    await writeFile(
      file,
      JSON.stringify({ tenants: { soon: { lots: { default: { any_slot: true, ringback_timeout_ms: 1000 } } } } }),
    );
    await json('settings', 'apply', file, '--etcd', cluster().etcd);
    const recall = startCli('recall', ['recall', '--etcd', cluster().etcd, '--log-level', 'info']);
    try {
      await recall.printed(/^listening on /m);
      await json('park', '--tenant', 'soon', '--slot', '701', '--call-id', 'back-1', '--parker', 'alice');
      const state = async (): Promise<unknown> => {
        const { parks } = await json('slot', '--slot', '701', '--tenant', 'soon');
        return (parks as { state: string }[])[0]?.state;
      };
      await expect.poll(state, { timeout: 30_000, interval: 200 }).toBe('ringback');
      expect((await parkade('retrieve', '--tenant', 'soon', '--slot', '701', '--call-id', 'r')).code).toBe(0);
    } finally {
      recall.signal('SIGTERM');
      await recall.ended();
    }
  });
});

describe('the command line', () => {
  it('reports everything that is wrong with it together, with exit code 2', async () => {
    const wrong = await runCli(['up', '--shards', 'many', '--grace', 'long', '--etcd', 'here'], {
      PARKADE_OWNERS: '0',
    });
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    for (const flag of ['--shards', '--grace', '--etcd', '--owners']) expect(wrong.stderr).toContain(flag);
    expect((await runHere(['nonsense'])).code).toBe(2);
    expect((await runHere(['park', '--nonsense'])).code).toBe(2);
    const media = join(directory, 'media.json');
    await writeFile(media, JSON.stringify({ tenants: [{ tenant: 'acme' }], codes: { auto: 3 } }));
    const file = await runHere(['recall', '--etcd', '127.0.0.1:1', '--media-file', media]);
    expect([file.code, file.stderr]).toEqual([2, matching(/tenants\.0[^]*codes\.auto/)]);
    const needs = await runHere(['slot-shard']);
    expect([needs.code, needs.stderr]).toEqual([2, matching(/--etcd is missing[^]*--nats is missing/)]);
  });

  it('has help with examples for every command', async () => {
    const all = await runCli(['--help']);
    expect(all.code).toBe(0);
    const names = [...all.stdout.matchAll(/^ {2}([a-z][a-z-]+) /gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => name !== 'help');
    expect(names).toContain('park-or-retrieve');
    for (const name of names) {
      const below = { cluster: ['restored'], settings: ['apply'], 'media-nodes': ['add'] }[name] ?? [];
      const help = await runHere([name, ...below, '--help']);
      expect([name, help.code]).toEqual([name, 0]);
      expect(help.stdout, name).toContain('Examples:');
    }
  });

  it('says where to look when nobody answers, with exit code 3', async () => {
    const nobody = await runCli(['slots', '--gateway', '127.0.0.1:1', '--timeout', '1s']);
    expect(nobody.code).toBe(3);
    expect(nobody.stderr).toMatch(/No gateway answers at 127\.0\.0\.1:1 .*ECONNREFUSED.*parkade up.*--gateway/);
    const noEtcd = await runHere(['shards', '--etcd', '127.0.0.1:1', '--timeout', '1s']);
    expect([noEtcd.code, noEtcd.stderr]).toEqual([3, matching(/No etcd answers at 127\.0\.0\.1:1/)]);
  });
});

describe('parkade up', () => {
  it('keeps parked calls over a restart with --data-dir, and drains at SIGTERM', async () => {
    const args = ['up', '--port', '0', '--owners', '2', '--gateways', '2', '--data-dir', join(directory, 'data')];
    const first = startCli('up', args);
    const [, address = ''] = await first.printed(/^listening on (\S+)$/m);
    await first.printed(/Stop it with Ctrl-C/);
    expect(first.stdout().match(/^owner \S+ serves \d+ shards$/gm)).toHaveLength(2);
    const parked = await runCli(['park', '--gateway', address, '--slot', '701', '--call-id', 'c1', ...TIMEOUT]);
    expect(parked).toMatchObject({ code: 0, stderr: '' });
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);

    const second = startCli('up', args);
    try {
      const [, again = ''] = await second.printed(/^listening on (\S+)$/m);
      const taken = await runCli(['retrieve', '--gateway', again, '--slot', '701', '--call-id', 'c2', ...TIMEOUT]);
      expect(taken).toMatchObject({ code: 0, stderr: '', stdout: matching(/^c1 was retrieved from 701/) });
    } finally {
      second.signal('SIGINT');
    }
    expect(await second.ended()).toBe(0);
  });

  it('refuses unknown tenants with --no-auto-tenants, and takes its settings from a file', async () => {
    const file = join(directory, 'up.json');
    await writeFile(
      file,
      JSON.stringify({ tenants: { acme: { lots: { default: { ranges: [{ first: '7', last: '8' }] } } } } }),
    );
    const up = startCli('up', ['up', '--port', '0', '--no-auto-tenants', '--settings', file, '--json']);
    try {
      const [, address = ''] = await up.printed(/"listening","address":"([^"]+)"/);
      const [, recall = ''] = await up.printed(/"event":"up".*"recall":"([^"]+)"/);
      const park = (tenant: string): ReturnType<typeof runCli> =>
        runCli(['park', '--gateway', address, '--tenant', tenant, '--slot', '7', '--call-id', 'c', ...TIMEOUT]);
      expect(await park('nobody')).toMatchObject({ code: 1, stderr: matching(/TENANT_NOT_FOUND/) });
      expect(await park('acme')).toMatchObject({ code: 0 });
      // Its calls come back, too.
      const recalls = await runCli(['recalls', '--recall', recall, '--tenant', 'acme', ...TIMEOUT]);
      expect(recalls.stdout).toMatch(/^default +7 +parked +c +in (1m|2m0)/m);
    } finally {
      up.signal('SIGTERM');
    }
    expect(await up.ended()).toBe(0);
  });

  it('ends well when it is told to stop while it still waits for its store, or for NATS', async () => {
    const nats = ['--nats', 'nats://127.0.0.1:1'];
    const waiting = startCli('slot-shard', ['slot-shard', '--etcd', '127.0.0.1:1', ...nats]);
    const feed = startCli('lamps-feed', ['lamps-feed', ...nats]);
    await Promise.all([waiting.saidOnStderr(/waiting for the store/), feed.saidOnStderr(/connecting to the bus/)]);
    for (const one of [waiting, feed]) one.signal('SIGTERM');
    expect(await Promise.all([waiting.ended(), feed.ended()])).toEqual([0, 0]);
  });

  it('says which address is in use, and what to do, alone on stderr with --json', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as AddressInfo;
      for (const flags of [
        ['--port', String(port)],
        ['--port', '0', '--metrics', `127.0.0.1:${port}`],
      ]) {
        const up = await runCli(['up', '--log-level', 'off', '--json', ...flags]);
        expect([flags, up.code]).toEqual([flags, 1]);
        expect(JSON.parse(up.stderr)).toMatchObject({
          error: `127.0.0.1:${port} is in use: end what listens there, or give another port.`,
          exit_code: 1,
        });
      }
    } finally {
      taken.close();
    }
  });
});
