import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '../row.js';
import { allShards, ParksRun } from '../run/parks-run.js';

/** A gateway answers later than that only where something is wrong. */
const ANSWERS_WITHIN_MS = 3_000;

export const natsGone: Row = {
  id: 'nats-gone',
  what: 'NATS is killed and stays away for 60 s: parks and retrieves go on; every event and lamp comes afterwards',
  run: (context) =>
    ParksRun.under(context, {}, (run) =>
      run.probing(async (probe) => {
        const { natsServer } = run.cluster;
        await natsServer.kill('SIGKILL');
        // Acknowledged by it, and not yet on its disk.
        run.evidence.excuseEvents();
        const failedBefore = probe.failures;
        const endMs = performance.now() + (run.brief ? 5_000 : 60_000);
        let slowestMs = 0;
        while (performance.now() < endMs) {
          slowestMs = Math.max(slowestMs, ...(await probe.servedAgain(allShards(), performance.now())));
          await delay(250);
        }
        const failed = probe.failures - failedBefore;
        const missing = run.evidence.missing();
        run.say(
          `${failed} requests failed meanwhile, the slowest took ${Math.round(slowestMs)} ms; ${missing} events wait`,
        );
        await natsServer.restart();
        const wentOn = failed === 0 && slowestMs < ANSWERS_WITHIN_MS;
        if (!wentOn) run.wrong(`without NATS ${failed} requests failed, and one took ${Math.round(slowestMs)} ms`);
        await run.evidence.settled(60_000);
        const toldAll = run.evidence.missing() === 0;
        run.measure({ natsGone: [wentOn && toldAll && missing > 0 ? 1 : 0] });
      }),
    ),
};

export const natsWiped: Row = {
  id: 'nats-wiped',
  what: 'NATS loses its data: later events come, and every lamp is told again',
  run: (context) =>
    ParksRun.under(context, {}, async (run) => {
      for (let round = 0; round < (run.brief ? 1 : 3); round++) {
        run.say('NATS is wiped');
        await run.cluster.natsServer.restart({ wipe: true });
        run.evidence.excuseEvents();
        await delay(3_000);
      }
    }),
};
