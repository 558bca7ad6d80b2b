import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_TTL_MS } from '../figures.js';
import { oneOf, type Row } from '../row.js';
import { ParksRun } from '../run/parks-run.js';

const FROZEN_MS = 2 * LEASE_TTL_MS + 500;

export const crash: Row = {
  id: 'crash',
  what: 'an owner is killed (kill -9) under load, again and again',
  run: (context) =>
    ParksRun.under(context, {}, (run) =>
      run.probing(async (probe) => {
        const crashMs: number[] = [];
        for (let round = 0; round < (run.brief ? 1 : 6); round++) {
          await run.balanced();
          const victim = oneOf(run.cluster.running('owner'), run.random);
          const shards = await run.shardsOf(victim);
          const at = performance.now();
          await run.cluster.kill(victim, 'SIGKILL');
          const downMs = await probe.servedAgain(shards, at);
          crashMs.push(...downMs);
          run.say(`${victim} killed: its ${shards.length} shards served again within ${worst(downMs)} ms`);
          await run.cluster.startOwner(victim);
        }
        run.measure({ crashMs });
      }),
    ),
};

export const freeze: Row = {
  id: 'freeze',
  what: 'an owner is frozen (SIGSTOP) beyond its lease and goes on (SIGCONT)',
  run: (context) =>
    ParksRun.under(context, {}, (run) =>
      run.probing(async (probe) => {
        const frozenMs: number[] = [];
        for (let round = 0; round < (run.brief ? 1 : 4); round++) {
          await run.balanced();
          const victim = oneOf(run.cluster.running('owner'), run.random);
          const shards = await run.shardsOf(victim);
          const at = performance.now();
          await run.cluster.kill(victim, 'SIGSTOP');
          const downMs = await probe.servedAgain(shards, at);
          frozenMs.push(...downMs);
          run.say(`${victim} frozen: its ${shards.length} shards served again within ${worst(downMs)} ms`);
          await delay(at + FROZEN_MS - performance.now());
          await run.cluster.kill(victim, 'SIGCONT');
        }
        run.measure({ frozenMs });
      }),
    ),
};

export const cutOff: Row = {
  id: 'cut-off',
  what: 'nothing passes between an owner and everything else, beyond its lease; what was under way arrives afterwards',
  run: (context) =>
    ParksRun.under(context, { wired: true }, (run) =>
      run.probing(async (probe) => {
        const frozenMs: number[] = [];
        for (let round = 0; round < (run.brief ? 1 : 3); round++) {
          await run.balanced();
          const { network } = run;
          const victim = oneOf(run.cluster.running('owner'), run.random);
          const shards = await run.shardsOf(victim);
          const at = performance.now();
          await network.to(victim).begin({ kind: 'swallow' });
          await Promise.all(network.parts.map((part) => network.to(part).begin({ kind: 'swallow' }, victim)));
          const downMs = await probe.servedAgain(shards, at);
          frozenMs.push(...downMs);
          run.say(`${victim} cut off: its ${shards.length} shards served again within ${worst(downMs)} ms`);
          await delay(at + FROZEN_MS - performance.now());
          await network.heal();
        }
        run.measure({ frozenMs });
      }),
    ),
};

export const deposed: Row = {
  id: 'deposed',
  what: 'an owner is taken over while it lives: its listener refuses, its lease is valid, and it hears of it late',
  run: (context) =>
    ParksRun.under(context, { wired: true }, async (run) => {
      for (let round = 0; round < (run.brief ? 1 : 4); round++) {
        await run.balanced();
        const { network, random } = run;
        const victim = oneOf(run.cluster.running('owner'), random);
        run.say(`${victim} refuses connections`);
        // Its own way to the store is slow: what others did reaches it late.
        await network.to('etcd-1').begin({ kind: 'delay', ms: 150 }, victim);
        await network.to(victim).begin({ kind: 'refuse' });
        await delay(2_500);
        const left = await run.shardsOf(victim);
        if (left.length > 0) run.wrong(`${victim} refuses connections and still owns ${left.length} shards`);
        await network.heal();
      }
    }),
};

export const joinLeave: Row = {
  id: 'join-leave',
  what: 'owners join and leave (SIGTERM) under load',
  run: (context) =>
    ParksRun.under(context, {}, async (run) => {
      for (let round = 0; round < (run.brief ? 1 : 4); round++) {
        const added = `owner-${round + 4}`;
        run.say(`${added} joins`);
        await run.cluster.startOwner(added);
        await run.balanced();
        const leaving = oneOf(run.cluster.running('owner'), run.random);
        run.say(`${leaving} leaves`);
        await run.cluster.kill(leaving, 'SIGTERM');
      }
    }),
};

function worst(values: readonly number[]): number {
  return Math.round(Math.max(0, ...values));
}
