import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_TTL_MS } from '../figures.js';
import { between, oneOf, type Row } from '../row.js';
import { leaderOf } from '../run/etcd-http.js';
import { ParksRun } from '../run/parks-run.js';

/** A fault that lasts until what it resolves to is called. */
type Fault = (run: ParksRun) => Promise<() => Promise<unknown>>;

const FAULTS: Readonly<Record<string, Fault>> = {
  'an owner is killed': async ({ cluster, random }) => {
    const owner = oneOf(cluster.running('owner'), random);
    await cluster.kill(owner, 'SIGKILL');
    return () => cluster.startOwner(owner);
  },
  'an owner is frozen': async ({ cluster, random }) => {
    const owner = oneOf(cluster.running('owner'), random);
    await cluster.kill(owner, 'SIGSTOP');
    return () => cluster.kill(owner, 'SIGCONT');
  },
  'a gateway is killed': async ({ cluster, random }) => {
    const gateway = oneOf(cluster.running('gateway'), random);
    await cluster.kill(gateway, 'SIGKILL');
    return () => cluster.startGateway(gateway);
  },
  'etcd’s leader is killed': async ({ cluster }) => {
    const members = cluster.etcdServers;
    const leader = members[await leaderOf(members)];
    await leader?.kill('SIGKILL');
    return () => leader?.restart() ?? Promise.resolve();
  },
  'NATS is away': async (run) => {
    const { cluster } = run;
    await cluster.natsServer.kill('SIGKILL');
    await run.busLostEvents();
    return () => cluster.natsServer.restart();
  },
  'the recall process cannot reach anybody': async ({ network }) => {
    await Promise.all(network.parts.map((part) => network.to(part).begin({ kind: 'swallow' }, 'recall-1')));
    return () => network.heal();
  },
  'an owner cannot reach etcd': async ({ cluster, network, random }) => {
    const owner = oneOf(cluster.running('owner'), random);
    const members = network.parts.filter((part) => /^etcd-\d/.test(part));
    await Promise.all(members.map((part) => network.to(part).begin({ kind: 'swallow' }, owner)));
    return () => network.heal();
  },
};

export const twoAtOnce: Row = {
  id: 'two-at-once',
  what: 'two faults at once, drawn from all of them, beyond the lease',
  run: (context) =>
    ParksRun.under(context, { wired: true, cluster: { etcdMembers: 3 } }, async (run) => {
      const names = Object.keys(FAULTS);
      for (let round = 0; round < (run.brief ? 1 : 6); round++) {
        const first = oneOf(names, run.random);
        const second = oneOf(
          names.filter((name) => name !== first),
          run.random,
        );
        run.say(`${first}, and ${second}`);
        const ends: (() => Promise<unknown>)[] = [];
        for (const name of [first, second]) {
          const end = await FAULTS[name]?.(run);
          if (end !== undefined) ends.push(end);
          await delay(between(0, 500, run.random));
        }
        await delay(LEASE_TTL_MS + between(500, 2_500, run.random));
        for (const end of ends) await end();
        await run.balanced();
      }
    }),
};
