import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LEASE_TTL_MS } from '../figures.js';
import { between, oneOf, type Row } from '../row.js';
import { ParksRun } from '../run/parks-run.js';

export const gatewayCrash: Row = {
  id: 'gateway-crash',
  what: 'a gateway is killed (kill -9), or frozen; clients go to the other one',
  run: (context) =>
    ParksRun.under(context, {}, async (run) => {
      const { cluster } = run;
      for (let round = 0; round < (run.brief ? 1 : 3); round++) {
        const victim = oneOf(cluster.running('gateway'), run.random);
        run.say(`${victim} is killed`);
        await cluster.kill(victim, 'SIGKILL');
        await delay(between(200, 1_500, run.random));
        await cluster.startGateway(victim);
        const frozen = oneOf(cluster.running('gateway'), run.random);
        run.say(`${frozen} is frozen`);
        await cluster.kill(frozen, 'SIGSTOP');
        await delay(between(500, 4_000, run.random));
        await cluster.kill(frozen, 'SIGCONT');
      }
    }),
};

export const recallCrash: Row = {
  id: 'recall-crash',
  what: 'recall processes are killed (kill -9) and frozen beyond their lease while calls are due',
  run: (context) =>
    ParksRun.under(context, { cluster: { recalls: 2 } }, async (run) => {
      const { cluster } = run;
      for (let round = 0; round < (run.brief ? 1 : 4); round++) {
        const victim = oneOf(cluster.running('recall'), run.random);
        run.say(`${victim} is killed`);
        await cluster.kill(victim, 'SIGKILL');
        await delay(between(200, 2_000, run.random));
        await cluster.startRecall(victim);
        const frozen = oneOf(cluster.running('recall'), run.random);
        run.say(`${frozen} is frozen`);
        await cluster.kill(frozen, 'SIGSTOP');
        await delay(2 * LEASE_TTL_MS);
        await cluster.kill(frozen, 'SIGCONT');
      }
    }),
};

/**
 * Steps that a wall clock takes at each SIGUSR2; what it is off by is their sum. It stays within the minute that clocks may differ:
 * a request id from further in the future is refused.
 */
const STEPS_MS = [45_000, -90_000, 45_000];

export const clockSteps: Row = {
  id: 'clock-steps',
  what: 'the wall clocks of an owner, a gateway and a recall process step by most of a minute, back and forth, each by itself',
  run: (context) => {
    // Compiled: this may run from the sources.
    const hook = fileURLToPath(new URL('../../dist/run/step-clock.js', import.meta.url));
    const NODE_OPTIONS = `--import ${JSON.stringify(hook)}`;
    const stepped = ['owner-1', 'gateway-1', 'recall-1'];
    const environment = (name: string): NodeJS.ProcessEnv =>
      stepped.includes(name) ? { NODE_OPTIONS, CLOCK_STEPS_MS: STEPS_MS.join(',') } : {};
    return ParksRun.under(context, { cluster: { environment } }, async (run) => {
      for (const stepMs of STEPS_MS) {
        for (const name of stepped) {
          run.say(`the clock of ${name} steps by ${stepMs / 1_000} s`);
          await run.cluster.kill(name, 'SIGUSR2');
          await delay(between(300, 2_000, run.random));
        }
      }
    });
  },
};

export const powerLoss: Row = {
  id: 'power-loss',
  what: 'everything is killed at once (kill -9), etcd and NATS included, and started again',
  run: (context) =>
    ParksRun.under(context, {}, async (run) => {
      const { cluster } = run;
      const names = ['owner', 'gateway', 'recall'].flatMap((kind) => cluster.running(kind));
      await Promise.all([
        ...names.map((name) => cluster.kill(name, 'SIGKILL')),
        cluster.etcdServer.kill('SIGKILL'),
        cluster.natsServer.kill('SIGKILL'),
      ]);
      run.say('everything is dead');
      await Promise.all([cluster.etcdServer.restart(), cluster.natsServer.restart()]);
      // What NATS had acknowledged and not yet written to its disk is gone.
      await run.busLostEvents();
      await Promise.all(names.map((name) => cluster.startAgain(name)));
    }),
};
