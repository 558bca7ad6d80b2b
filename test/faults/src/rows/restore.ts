import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Park, Reason } from '@parkade/proto';
import { failureOf, park, parkRequest, pick, retrieve, retrieveParkRequest, runCli } from '@parkade/test';
import type { Row } from '../row.js';
import { ParksRun } from '../run/parks-run.js';
import { tenantsOfShards } from '../run/probe.js';

const KEPT = 20;
const LATE = 10;

export const etcdRestore: Row = {
  id: 'etcd-restore',
  what: 'etcd is put back to a backup by the runbook: calls of before it are there, those of after it are refused',
  run: (context) =>
    ParksRun.under(context, { worksAfter: true }, async (run) => {
      const { cluster } = run;
      const tenants = tenantsOfShards(cluster.shards);
      const parkOne = (name: string, i: number): Promise<Park> =>
        park(pick(cluster.clients, i), parkRequest(pick(tenants, i), `${name}-${i}`, `${name}-${i}`));
      const kept = await Promise.all(Array.from({ length: KEPT }, (_, i) => parkOne('kept', i)));
      const backup = `${cluster.etcdServer.dataDir}-backup`;
      await etcdctl('--endpoints', cluster.etcdServer.endpoint, 'snapshot', 'save', backup);
      // What the backup does not know: some calls went, others came.
      await Promise.all(kept.slice(0, 5).map(({ parkId }, i) => take(run, tenants, i, parkId)));
      const late = await Promise.all(Array.from({ length: LATE }, (_, i) => parkOne('late', i)));
      await restore(run, backup);
      run.say('etcd is back where the backup was, and everything started again');
      for (const [i, { parkId }] of kept.entries()) {
        const taken = await take(run, tenants, i, parkId);
        if (taken.call?.callId !== `kept-${i}`) run.wrong(`park ${parkId} has another call than before the backup`);
      }
      for (const [i, { parkId }] of late.entries()) {
        const reason = await failureOf(take(run, tenants, i, parkId)).then((failure) => failure.reason);
        if (reason !== Reason.PARK_NOT_FOUND)
          run.wrong(`park ${parkId}, of after the backup, was not refused: ${reason}`);
      }
      run.say(`${KEPT} calls of before the backup were fetched, ${LATE} of after it refused`);
    }),
};

/** The steps of docs/runbooks/backup-and-restore.md. */
async function restore(run: ParksRun, backup: string): Promise<void> {
  const { cluster } = run;
  const { etcdServer } = cluster;
  const names = ['owner', 'gateway', 'recall'].flatMap((kind) => cluster.running(kind));
  await Promise.all(names.map((name) => cluster.kill(name, 'SIGTERM')));
  await etcdServer.kill('SIGKILL');
  await rm(etcdServer.dataDir, { recursive: true });
  await etcdctl('snapshot', 'restore', backup, '--data-dir', etcdServer.dataDir);
  await rm(backup);
  await etcdServer.restart();
  const said = await runCli(['cluster', 'restored', '--etcd', etcdServer.endpoint, '--nats', cluster.nats]);
  if (said.code !== 0) throw new Error(said.stderr);
  await run.beginsAnew();
  await Promise.all(names.map((name) => cluster.startAgain(name)));
}

async function etcdctl(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('etcdctl', args, { env: { ...process.env, ETCDCTL_API: '3' } });
}

function take({ cluster }: ParksRun, tenants: readonly string[], i: number, parkId: string): Promise<Park> {
  return retrieve(pick(cluster.clients, i), retrieveParkRequest(pick(tenants, i), parkId, `phone-${i}`), 30_000);
}
