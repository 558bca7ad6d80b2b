import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@parkade/clock';
import { between, oneOf, type Row } from '../row.js';
import { ParksRun } from '../run/parks-run.js';

type Strike = (run: ParksRun, from: string | undefined, to: string) => Promise<void>;

/** Who talks to whom; `from` undefined: the clients. */
function pairOf(run: ParksRun, random: Random): readonly [string | undefined, string] {
  const owner = oneOf(run.cluster.running('owner'), random);
  const other = oneOf(run.cluster.running('owner'), random);
  const gateway = oneOf(run.cluster.running('gateway'), random);
  return oneOf<readonly [string | undefined, string]>(
    [
      [owner, 'etcd-1'],
      [gateway, 'etcd-1'],
      ['recall-1', 'etcd-1'],
      [owner, 'nats'],
      [gateway, owner],
      [owner, other],
      ['recall-1', owner],
      [undefined, gateway],
    ],
    random,
  );
}

function wireRow(id: string, what: string, strike: Strike): Row {
  return {
    id,
    what: `between any two parts, in turn: ${what}`,
    run: (context) =>
      ParksRun.under(context, { wired: true }, async (run) => {
        const endMs = performance.now() + (run.brief ? 6_000 : 25_000);
        const struck = new Map<string, number>();
        while (performance.now() < endMs) {
          const [from, to] = pairOf(run, run.random);
          const pair = `${from?.replace(/-\d$/, '') ?? 'client'} → ${to.replace(/-\d$/, '')}`;
          struck.set(pair, (struck.get(pair) ?? 0) + 1);
          await strike(run, from, to);
          await delay(between(50, 400, run.random));
        }
        run.say([...struck].map(([pair, times]) => `${pair}: ${times}`).join(', '));
      }),
  };
}

export const wireRows: readonly Row[] = [
  wireRow('wire-cut', 'connections are reset', (run, from, to) => {
    run.network.to(to).cut(from);
    return Promise.resolve();
  }),
  wireRow('wire-refuse', 'connections are reset and refused, up to 1.5 s', async ({ network, random }, from, to) => {
    await network.to(to).begin({ kind: 'refuse' }, from);
    await delay(between(200, 1_500, random));
    await network.to(to).heal();
  }),
  wireRow(
    'wire-blackhole',
    'nothing passes for up to 4 s, and arrives afterwards',
    async ({ network, random }, from, to) => {
      await network.to(to).begin({ kind: 'swallow' }, from);
      await delay(between(300, 4_000, random));
      await network.to(to).heal();
    },
  ),
  wireRow('wire-delay', 'everything takes up to 400 ms longer', async ({ network, random }, from, to) => {
    await network.to(to).begin({ kind: 'delay', ms: between(10, 400, random) }, from);
    await delay(between(500, 2_500, random));
    await network.to(to).heal();
  }),
  wireRow('wire-drop-reply', 'a request arrives and its answer is lost', async ({ network, random }, from, to) => {
    network.to(to).dropReply(from);
    await delay(between(50, 300, random));
  }),
];
