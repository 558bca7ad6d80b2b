import { parseSlotKey } from '@parkade/ids';
import { decodeRecord } from '@parkade/slots';
import type { Op, Txn } from '@parkade/store';
import type { Fault } from './work/nemesis.js';
import type { Breakage } from './world/breakage.js';
import type { Sabotage } from './world/sabotage.js';

const OWNERS = '/parkade/owners/slot-shard/';

/** A build that is broken on purpose, and the faults that bring it to light. */
export interface BrokenBuild {
  readonly what: string;
  readonly breakage: Breakage;
  readonly faults: readonly Fault[];
  readonly looksApart?: boolean;
}

const putsSlot = ({ success }: Txn): boolean => success.some((op) => op.kind === 'put' && op.key.includes('/slots/'));

/** What proves an answer that writes nothing. */
const isFence = ({ compare, success }: Txn): boolean =>
  success.every(({ kind }) => kind === 'get') && compare.every(({ key }) => key.startsWith(OWNERS));

const without = (txn: Txn, ours: (key: string) => boolean): Txn => ({
  ...txn,
  success: txn.success.filter((op) => op.kind !== 'put' || !ours(op.key)),
});

/** The record of a slot that is empty, gone instead of kept. */
function deleted(op: Op): Op {
  if (op.kind !== 'put' || parseSlotKey(op.key) === undefined || decodeRecord(op.value).parks.length > 0) return op;
  return { kind: 'delete', range: { start: op.key } };
}

const sabotaged = (sabotage: Sabotage): Breakage => ({ sabotage });

/** Every way a build is broken, by its name. Each must be caught by some seed. */
export const BROKEN: Readonly<Record<string, BrokenBuild>> = {
  'fencing-off': {
    what: 'writes under an epoch that has passed',
    breakage: sabotaged({
      sent: (txn) =>
        putsSlot(txn) ? { ...txn, compare: txn.compare.filter(({ key }) => !key.startsWith(OWNERS)) } : txn,
    }),
    faults: ['depose', 'lease-lost', 'store-cut', 'watch-held', 'freeze'],
  },
  'answer-before-commit': {
    what: 'answers before the write is durable',
    breakage: sabotaged({
      early: (txn) =>
        putsSlot(txn)
          ? ({ revision }) => ({ succeeded: true, revision: revision + 1, results: txn.success.map(() => []) })
          : undefined,
    }),
    faults: ['store-faults', 'crash', 'depose', 'lease-lost'],
  },
  'fenced-answers-off': {
    what: 'answers reads and refusals under an epoch that has passed',
    breakage: sabotaged({
      answered: (txn) => (isFence(txn) ? { succeeded: true, revision: 0, results: [[]] } : undefined),
    }),
    faults: ['depose', 'lease-lost', 'watch-held', 'freeze'],
    looksApart: true,
  },
  'journal-off': {
    what: 'keeps no journal of requests',
    breakage: sabotaged({ sent: (txn) => without(txn, (key) => key.includes('/journal/')) }),
    faults: ['crash', 'reply-lost', 'store-faults', 'depose'],
  },
  'blind-retry': {
    what: 'sends a write of unknown outcome again',
    breakage: sabotaged({ blindRetry: true }),
    faults: ['store-faults', 'store-cut'],
  },
  'tombstones-off': {
    what: 'keeps no record of a slot that was freed',
    breakage: sabotaged({ sent: (txn) => ({ ...txn, success: txn.success.map(deleted) }) }),
    faults: ['crash', 'depose', 'watch-lag', 'drain'],
  },
  'watcher-skips': {
    what: 'misses changes of a shard that is handed to it',
    breakage: sabotaged({ swallows: (key) => key.includes('/slots/') }),
    faults: ['drain', 'crash'],
  },
};
