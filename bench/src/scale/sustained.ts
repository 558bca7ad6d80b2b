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

/** MB. */
interface Size {
  /** Of etcd's file, and of what is in use of it. */
  readonly file: number;
  readonly used: number;
}

/** What is held at one moment, MB. */
interface Look extends Size {
  /** Memory of the owner, and of the gateway. */
  readonly owner: number;
  readonly gateway: number;
}

/**
 * Parks and retrieves at a steady rate: whether etcd's space, and the memory of owner and gateway, stay what they are once the first
 * answers go again: after ten minutes, or when they take what a shard may keep of them, which at this rate they do after a minute and a half.
 * What is held in the last third of the time is compared with what was held in the second.
 */
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
    const looks: Look[] = [];
    let over = false;
    void run.finally(() => (over = true)).catch(() => undefined);
    for (let seconds = 0; !over; seconds += LOOK_MS / 1_000) {
      const [size, ofOwner, ofGateway] = await Promise.all([
        sizeOf(backends.etcd.endpoint),
        owner.ask('resident', undefined),
        gateway.ask('resident', undefined),
      ]);
      const look = { ...size, owner: ofOwner.resident / 2 ** 20, gateway: ofGateway.resident / 2 ** 20 };
      looks.push(look);
      const [file, used, ownerMb, gatewayMb] = [look.file, look.used, look.owner, look.gateway].map((mb) =>
        mb.toFixed(0),
      );
      console.log(
        `  ${seconds} s: etcd's file ${file} MB, ${used} MB in use; the owner ${ownerMb} MB, the gateway ${gatewayMb} MB`,
      );
      await Promise.race([delay(LOOK_MS), run]);
    }
    const { operations, seconds, failed, firstFailure } = await run;
    if (failed > 0) console.log(`  ${failed} failed: ${firstFailure}`);
    const third = Math.floor(looks.length / 3);
    const growth = (id: string, of: (look: Look) => number, what: string): Figure => {
      const values = looks.map(of);
      const [middle, last] = [median(values.slice(third, 2 * third)), median(values.slice(2 * third))];
      return atMost(id, last / middle, 1.1, 'ratio', {
        baseline: `${SECONDS} s; ${what} at last ${last.toFixed(0)} MB`,
      });
    };
    return [
      atLeast('sustained_rate', operations / seconds, 0.99 * PER_SECOND, 'commands/s'),
      growth('sustained_growth', ({ used }) => used, 'in use of etcd'),
      growth('sustained_file_growth', ({ file }) => file, 'etcd’s file'),
      growth('sustained_owner_growth', (look) => look.owner, 'the owner'),
      growth('sustained_gateway_growth', (look) => look.gateway, 'the gateway'),
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
