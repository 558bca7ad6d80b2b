import { setTimeout as delay } from 'node:timers/promises';
import { violations } from '@parkade/checker';
import type { Row } from '../row.js';
import { allShards, ParksRun } from '../run/parks-run.js';
import type { Probe } from '../run/probe.js';

/** As long as a client goes on asking: what takes longer has failed. */
const ANSWERS_WITHIN_MS = 10_000;

export const natsGone: Row = {
  id: 'nats-gone',
  what: 'NATS is killed and stays away for 60 s: parks and retrieves go on; every event and lamp comes afterwards',
  run: (context) =>
    ParksRun.under(context, {}, (run) =>
      run.probing(async (probe) => {
        const { natsServer } = run.cluster;
        const usualMs = await slowest(probe, 3_000);
        await natsServer.kill('SIGKILL');
        // Acknowledged by it, and not yet on its disk.
        await run.busLostEvents();
        const slowestMs = await slowest(probe, run.brief ? 5_000 : 60_000);
        const missing = run.evidence.missing();
        const told = `the slowest answer took ${Math.round(slowestMs)} ms (before: ${Math.round(usualMs)} ms)`;
        run.say(`without NATS ${told}; ${missing} events wait`);
        await natsServer.restart();
        const wentOn = slowestMs < ANSWERS_WITHIN_MS;
        if (!wentOn) run.wrong(`without NATS ${told}`);
        const toldAll = violations({ requests: [], ...(await run.evidence.judged(60_000)) }).length === 0;
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
        await run.busLostEvents();
        await delay(3_000);
      }
    }),
};

/** The longest that any shard took for an answer, asked again and again for so long. */
async function slowest(probe: Probe, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let slowestMs = 0;
  while (performance.now() < endMs) {
    slowestMs = Math.max(slowestMs, ...(await probe.servedAgain(allShards(), performance.now())));
    await delay(250);
  }
  return slowestMs;
}
