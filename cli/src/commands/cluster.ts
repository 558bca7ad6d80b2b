import { BusError, removeStreams } from '@parkade/bus';
import { type Clock, sleep, SystemClock, SystemRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { STREAMS } from '@parkade/presence';
import { renewIncarnation } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import type { Command } from 'commander';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, FLAGS } from '../flags/flags.js';
import { ETCD_TLS_FLAGS, NATS_TLS_FLAGS } from '../flags/security-flags.js';
import { natsTlsOf } from '../service/backends.js';
import { readBackendTls, readEtcd } from '../service/etcd-flags.js';
import { withEtcd } from '../service/with-etcd.js';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import type { Output } from '../terminal/output.js';

const LOOK_EVERY_MS = 500;

const EXAMPLES = `
After etcd was put back to a backup, and before any process is started: what clients were told since the backup is not served any
more, and lamps and events of that time are removed, so that owners tell all lamps anew. Kamailio's table lamp has to be emptied, too.

Examples:
  parkade cluster restored --etcd 127.0.0.1:2379 --nats nats://127.0.0.1:4222`;

/** `parkade cluster restored`. */
export function addCluster(program: Command, output: Output): void {
  const cluster = program.command('cluster').description('the cluster as a whole');
  const restored = cluster.command('restored').description('say that etcd was put back to a backup');
  addFlags(restored, FLAGS.etcd, ...ETCD_TLS_FLAGS, FLAGS.nats, ...NATS_TLS_FLAGS, FLAGS.json)
    .option('--wait <time>', 'how long registrations out of the backup may take to run out', '90s')
    .addHelpText('after', EXAMPLES)
    .action(async (values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      const etcd = readEtcd(reader, 'the incarnation of the cluster is kept there');
      const nats = reader.required('nats', 'lamps and events of the time after the backup have to go');
      const natsTls = readBackendTls(reader, 'nats');
      const waitMs = reader.time('wait', 0, 600_000, 90_000);
      const json = reader.boolean('json', false);
      reader.check();
      const clock = new SystemClock();
      await withEtcd(etcd, clock, async (store) => {
        await nobodyRuns(store, clock, waitMs);
        // Streams first: whoever is stopped in between does all of it again.
        const removed = await streamsRemoved(nats, natsTls === undefined ? undefined : natsTlsOf(natsTls));
        const result = await renewIncarnation(store, new SystemRandom());
        if (result?.ok !== true) {
          const why = result === undefined ? 'there is no cluster in this etcd' : `the cluster is ${result.reason}`;
          throw new CommandFailure(EXIT.refused, `The incarnation stays as it is: ${why}.`);
        }
        const { incarnation } = result.meta;
        if (json) output.line(JSON.stringify({ incarnation, removed }));
        else {
          output.line(`the cluster is ${incarnation} from now on`);
          output.line(removed.length === 0 ? 'no streams were there' : `removed: ${removed.join(', ')}`);
        }
      });
    });
}

/** Waits until nobody is registered: leases out of a backup run out by themselves, those of processes that run do not. */
async function nobodyRuns(store: Store, clock: Clock, waitMs: number): Promise<void> {
  const untilMs = clock.monotonicMs() + waitMs;
  // Timers of the clock let a process end.
  const alive = setInterval(() => undefined, 60_000);
  try {
    for (;;) {
      const { kvs } = await store.range(prefixRange(keys.members), { limit: 10 });
      if (kvs.length === 0) return;
      if (clock.monotonicMs() >= untilMs) {
        const names = kvs.map(({ key }) => key.slice(keys.members.length)).join(', ');
        const message = `Nothing was changed: processes are registered (${names}). End every process of the cluster first.`;
        throw new CommandFailure(EXIT.refused, message);
      }
      await sleep(clock, LOOK_EVERY_MS);
    }
  } finally {
    clearInterval(alive);
  }
}

async function streamsRemoved(nats: string, tls: Record<string, string> | undefined): Promise<readonly string[]> {
  try {
    return await removeStreams(
      nats,
      STREAMS.map(({ name }) => name),
      tls,
    );
  } catch (error) {
    if (!(error instanceof BusError) || error.code !== 'unavailable') throw error;
    throw new CommandFailure(EXIT.unreachable, `${error.message}; nothing was changed. Say where it is with --nats.`);
  }
}
