import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../measure/spread.js';
import { startBackends } from '../processes/backends.js';
import { served } from '../processes/served.js';
import { atLeast, atMost, type Figure } from '../result.js';

/** Commands a second, and for how long. Half an hour tells whether anything grows at all; some minutes, whether compaction keeps up. */
const PER_SECOND = Number(process.env['PARKADE_BENCH_RATE'] ?? 10_000);
const SECONDS = Number(process.env['PARKADE_BENCH_SECONDS'] ?? 1_800);
const LOOK_MS = 10_000;
const IN_FLIGHT = 1_024;
const SHARDS = 256;

interface Size {
  /** Of etcd's file, and of what is in use of it, MB. */
  readonly file: number;
  readonly used: number;
}

/** Parks and retrieves at a steady rate: whether etcd's space stays what it is once the first answers and tombstones go again. */
export async function sustainedFigures(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway' });
    const load = await backends.start({ role: 'load' });
    await served(owner, SHARDS);
    const run = load.ask('run', {
      kind: 'stream-park',
      address: gateway.address,
      inFlight: IN_FLIGHT,
      ms: SECONDS * 1_000,
      perSecond: PER_SECOND,
    });
    const sizes: Size[] = [];
    let over = false;
    void run.finally(() => (over = true)).catch(() => undefined);
    for (let seconds = 0; !over; seconds += LOOK_MS / 1_000) {
      const size = await sizeOf(backends.etcd.endpoint);
      const { resident } = await owner.ask('resident', undefined);
      sizes.push(size);
      const mb = (resident / 2 ** 20).toFixed(0);
      console.log(
        `  ${seconds} s: etcd's file ${size.file.toFixed(0)} MB, ${size.used.toFixed(0)} MB in use; the owner ${mb} MB`,
      );
      await Promise.race([delay(LOOK_MS), run]);
    }
    const { operations, seconds, failed, firstFailure } = await run;
    if (failed > 0) console.log(`  ${failed} failed: ${firstFailure}`);
    const third = Math.floor(sizes.length / 3);
    const middle = median(sizes.slice(third, 2 * third).map(({ used }) => used));
    const last = median(sizes.slice(2 * third).map(({ used }) => used));
    const baseline = `${SECONDS} s; in use at last ${last.toFixed(0)} MB`;
    return [
      atLeast('sustained_rate', operations / seconds, 0.99 * PER_SECOND, 'commands/s'),
      atMost('sustained_growth', last / middle, 1.1, 'ratio', { baseline }),
    ];
  } finally {
    await backends.stop();
  }
}

async function sizeOf(endpoint: string): Promise<Size> {
  const text = await (await fetch(`http://${endpoint}/metrics`)).text();
  const gauge = (name: string): number =>
    Number(new RegExp(`^etcd_mvcc_db_${name}_in_bytes (\\S+)$`, 'm').exec(text)?.[1] ?? NaN) / 2 ** 20;
  return { file: gauge('total_size'), used: gauge('total_size_in_use') };
}
