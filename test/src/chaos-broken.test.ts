import type { Bus } from '@parkade/bus';
import type { Txn } from '@parkade/store';
import { expect, it } from 'vitest';
import type { Breakage } from './chaos/chaos-cluster.js';
import type { Blow } from './chaos/nemesis.js';
import { runChaos } from './chaos/run-chaos.js';

const OWNERS = '/parkade/owners/';
/** So many runs catch each of them, at the latest. */
const MAX_RUNS = 4;

const putsSlot = ({ success }: Txn): boolean => success.some((op) => op.kind === 'put' && op.key.includes('/slots/'));
const isFence = ({ compare, success }: Txn): boolean =>
  success.every(({ kind }) => kind === 'get') && compare.every(({ key }) => key.startsWith(OWNERS));
const withoutJournal = (txn: Txn): Txn => ({
  ...txn,
  success: txn.success.filter((op) => op.kind !== 'put' || !op.key.includes('/journal/')),
});
const unfenced = (txn: Txn): Txn =>
  putsSlot(txn) ? { ...txn, compare: txn.compare.filter(({ key }) => !key.startsWith(OWNERS)) } : txn;

/** Says that it stored every message, and stores most. */
function losesSome(bus: Bus): Bus {
  let count = 0;
  return {
    ensureStreams: (streams) => bus.ensureStreams(streams),
    publish: (subject, payload, options) =>
      ++count % 20 === 0 ? Promise.resolve() : bus.publish(subject, payload, options),
    publishLast: (subject, payload, options) => bus.publishLast(subject, payload, options),
    last: (subject) => bus.last(subject),
    subscribe: (pattern, options, onMessage) => bus.subscribe(pattern, options, onMessage),
    read: (pattern, from) => bus.read(pattern, from),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => bus.close(),
  };
}

/** What it does, the blows that bring it to light, and how it is made. */
const BROKEN: readonly (readonly [string, readonly Blow[], Breakage])[] = [
  ['writes under an epoch that has passed', ['depose'], { sabotage: { sent: unfenced } }],
  [
    'answers under an epoch that has passed',
    ['depose'],
    {
      sabotage: { answered: (txn) => (isFence(txn) ? { succeeded: true, revision: 0, results: [[]] } : undefined) },
      upkeepMs: 60_000,
    },
  ],
  [
    'acknowledges what was not written',
    ['depose', 'faults'],
    { sabotage: { told: (txn, result) => (putsSlot(txn) ? { ...result, succeeded: true } : result) } },
  ],
  ['keeps no journal', ['faults', 'depose'], { sabotage: { sent: withoutJournal } }],
  ['sends a write of unknown outcome again', ['faults'], { sabotage: { blindRetry: true } }],
  [
    'misses changes of a shard that is handed to it',
    ['drain', 'join'],
    { sabotage: { swallows: (key) => key.includes('/slots/') } },
  ],
  ['loses events', ['faults'], { bus: losesSome }],
];

it.each(BROKEN)('the checker catches a build that %s', { timeout: 60_000 }, async (_, blows, breakage) => {
  const first = Math.floor(Math.random() * 1e6);
  const seeds = Array.from({ length: MAX_RUNS }, (__, i) => first + i);
  const caught: string[] = [];
  for (const seed of seeds) {
    // Writes tell a deposed owner that it is deposed; so that reads meet it, they go apart.
    const looksApart = breakage.upkeepMs !== undefined;
    const options = { seed, forMs: 2_000, settleMs: 3_000, blows, breakage, looksApart };
    // A build so broken that it does not come to serve is not caught by the checker.
    const { faults } = await runChaos(options).catch(() => ({ faults: [] as string[] }));
    caught.push(...faults);
    if (caught.length > 0) break;
  }
  if (process.env['CHAOS_REPORT'] !== undefined) process.stdout.write(`${caught.slice(0, 3).join('\n')}\n`);
  expect(caught, `seeds ${first} to ${first + MAX_RUNS - 1}`).not.toEqual([]);
});
