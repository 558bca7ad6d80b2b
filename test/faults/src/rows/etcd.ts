import { setTimeout as delay } from 'node:timers/promises';
import type { RunningEtcd } from '@parkade/test';
import { between, oneOf, type Row } from '../row.js';
import { clearJunk, leaderOf, putJunk } from '../run/etcd-http.js';
import { allShards, ParksRun } from '../run/parks-run.js';

/** As deployed: etcd's election takes up to two seconds, which a lease of two does not outlast. */
const DEPLOYED_TTL_MS = 5_000;

export const etcdLeader: Row = {
  id: 'etcd-leader',
  what: 'the leader of three etcd members is killed (kill -9); leases as deployed (5 s)',
  run: (context) =>
    ParksRun.under(context, { cluster: { etcdMembers: 3, leaseTtlMs: DEPLOYED_TTL_MS } }, (run) =>
      run.probing(async (probe) => {
        const members = run.cluster.etcdServers;
        const [etcdLeaderMs, etcdLeaderLost]: [number[], number[]] = [[], []];
        for (let round = 0; round < (run.brief ? 1 : 3); round++) {
          // A shard that is handed over meanwhile, as after a start, is not lost.
          await run.atRest();
          const before = await run.owners();
          const lostBefore = run.evidence.claims.filter(({ owned }) => !owned).length;
          const leader = await leaderOf(members);
          const at = performance.now();
          await members[leader]?.kill('SIGKILL');
          const left = members.filter((_, index) => index !== leader);
          const electedMs = (await firstWrite(left)) - at;
          const downMs = await probe.servedAgain(allShards(), at);
          etcdLeaderMs.push(Math.max(0, Math.max(...downMs) - electedMs));
          await members[leader]?.restart();
          await delay(DEPLOYED_TTL_MS);
          const after = await run.owners();
          const moved = [...before].filter(([shard, owner]) => after.get(shard) !== owner).length;
          const ended = run.evidence.claims.filter(({ owned }) => !owned).length - lostBefore;
          etcdLeaderLost.push(Math.max(moved, ended));
          run.say(`etcd elected in ${ms(electedMs)}, all shards wrote after ${ms(Math.max(...downMs))}`);
        }
        run.measure({ etcdLeaderMs, etcdLeaderLost });
      }),
    ),
};

/** Resolves to when one of the members first took a write. */
async function firstWrite(members: readonly RunningEtcd[]): Promise<number> {
  const endMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    const took = await Promise.any(members.map((member) => putJunk(member, 'probe', 1, 300))).catch(() => undefined);
    if (took !== undefined) return performance.now();
    await delay(10);
  }
  throw new Error('etcd elects nobody');
}

export const etcdMinority: Row = {
  id: 'etcd-minority',
  what: 'one etcd member of three is cut off from the others while parts of the cluster talk to it',
  run: (context) =>
    ParksRun.under(context, { wired: true, cluster: { etcdMembers: 3 } }, async (run) => {
      const { network } = run;
      for (let round = 0; round < (run.brief ? 1 : 3); round++) {
        const alone = oneOf([1, 2, 3], run.random);
        run.say(`etcd-${alone} is alone`);
        const peers = network.parts.filter((part) => part.startsWith('etcd-peer-'));
        await network.to(`etcd-peer-${alone}`).begin({ kind: 'swallow' });
        await Promise.all(peers.map((peer) => network.to(peer).begin({ kind: 'swallow' }, `etcd-${alone}`)));
        await delay(6_000);
        await network.heal();
        await delay(2_000);
      }
    }),
};

export const etcdNoQuorum: Row = {
  id: 'etcd-no-quorum',
  what: 'two etcd members of three are killed: the one left has no quorum, until they come back',
  run: (context) =>
    ParksRun.under(context, { cluster: { etcdMembers: 3 } }, async (run) => {
      const dead = run.cluster.etcdServers.slice(1);
      await Promise.all(dead.map((member) => member.kill('SIGKILL')));
      run.say('one member is left');
      await delay(run.brief ? 3_000 : 10_000);
      await Promise.all(dead.map((member) => member.restart()));
    }),
};

export const etcdCompaction: Row = {
  id: 'etcd-compaction',
  what: 'etcd is compacted behind the backs of parts whose watches are cut off meanwhile',
  run: (context) =>
    ParksRun.under(context, { wired: true }, async (run) => {
      const { network, random, cluster } = run;
      for (let round = 0; round < (run.brief ? 1 : 5); round++) {
        const parts = ['owner', 'gateway', 'recall'].flatMap((kind) => cluster.running(kind));
        const victims = [oneOf(parts, random), oneOf(parts, random)];
        run.say(`compacted while ${victims.join(' and ')} cannot see it`);
        for (const victim of victims) await network.to('etcd-1').begin({ kind: 'refuse' }, victim);
        await delay(between(300, 1_400, random));
        // What testifies of the run has a connection of its own, and must have seen what goes.
        const { transitions } = run.evidence;
        await cluster.store.compact(transitions.at(-1)?.revision ?? 1);
        await network.heal();
        await delay(2_000);
      }
    }),
};

const QUOTA_BYTES = 32 << 20;

export const etcdFull: Row = {
  id: 'etcd-full',
  what: 'etcd’s disk quota is used up: nothing is acknowledged, until an operator makes room',
  run: (context) => {
    const etcdArgs = ['--quota-backend-bytes', String(QUOTA_BYTES)];
    return ParksRun.under(context, { cluster: { etcdArgs } }, async (run) => {
      const [member] = run.cluster.etcdServers;
      if (member === undefined) throw new Error('there is no etcd');
      await fillUp(member);
      run.say('etcd is full');
      await delay(run.brief ? 2_000 : 8_000);
      await clearJunk(member);
      run.say('there is room again');
    });
  },
};

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

async function fillUp(member: RunningEtcd): Promise<void> {
  for (let i = 0; i < 64; i++) {
    try {
      await putJunk(member, String(i), 1 << 20, 10_000);
    } catch (error) {
      if (String(error).includes('space')) return;
      throw error;
    }
  }
  throw new Error('etcd does not fill up');
}
