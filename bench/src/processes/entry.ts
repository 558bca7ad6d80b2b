import { memory, resident } from '../measure/memory.js';
import { letHeapGrow, ProcessMetrics } from '@parkade/telemetry';
import { watchPauses } from '../measure/pauses.js';
import type { Asks, Question, Ready, Reply, Role, RoleSetup, Running } from './messages.js';
import { runBareGateway } from './run-bare-gateway.js';
import { runEcho } from './run-echo.js';
import { runFanOut } from './run-fan-out.js';
import { runGateway } from './run-gateway.js';
import { runLimitGateway, runLimitLogOwner, runLimitOwner } from './run-limits.js';
import { runLoad } from './run-load.js';
import { runNaiveGateway, runNaiveOwner } from './run-naive.js';
import { runOwner } from './run-owner.js';
import { runPhones } from './run-phones.js';
import { runRedis } from './run-redis.js';
import { runMedia } from './run-media.js';
import { runRecall } from './run-recall.js';
import { runWatchers } from './run-watchers.js';
import { runSwitch } from './run-switch.js';

const ROLES: Readonly<Record<Role, (setup: RoleSetup) => Promise<Running>>> = {
  owner: runOwner,
  gateway: runGateway,
  recall: runRecall,
  media: runMedia,
  switch: runSwitch,
  phones: runPhones,
  echo: runEcho,
  'bare-gateway': runBareGateway,
  'naive-gateway': runNaiveGateway,
  'naive-owner': runNaiveOwner,
  'redis-gateway': runRedis,
  'limit-gateway': runLimitGateway,
  'limit-owner': runLimitOwner,
  'limit-log-owner': runLimitLogOwner,
  load: runLoad,
  'fan-out': runFanOut,
  watchers: runWatchers,
};

const setup = JSON.parse(process.argv[2] ?? '{}') as RoleSetup;
/** What runs in production measures itself there, and has a heap that may grow. */
const MEASURED: ReadonlySet<Role> = new Set<Role>(['owner', 'gateway', 'recall', 'media']);
/** What shows the limit of those has the same heap. */
const LIKE_THEM: ReadonlySet<Role> = new Set<Role>(['limit-owner', 'limit-log-owner', 'bare-gateway']);
if (MEASURED.has(setup.role) || LIKE_THEM.has(setup.role)) letHeapGrow();
if (MEASURED.has(setup.role)) new ProcessMetrics(setup.role, 'bench');
const { address, answers } = await ROLES[setup.role](setup);

function cpu(): Promise<number> {
  const { user, system } = process.cpuUsage();
  return Promise.resolve(user + system);
}

const pauses = watchPauses();
const all = {
  cpu,
  memory,
  resident: () => Promise.resolve(resident()),
  pauses: () => Promise.resolve(pauses()),
  ...answers,
} as Partial<Record<keyof Asks, (argument: unknown) => Promise<unknown>>>;
process.on('message', ({ id, ask, argument }: Question) => {
  const answered = all[ask]?.(argument) ?? Promise.reject(new Error(`${setup.role} cannot be asked ${ask}`));
  answered.then(
    (answer) => process.send?.({ id, answer } satisfies Reply),
    (error: unknown) => process.send?.({ id, error: String(error) } satisfies Reply),
  );
});
// The bench is over, or gone: nothing here is worth a clean end but the profile, which an exit writes.
process.once('disconnect', () => process.exit(0));
process.send?.({ address } satisfies Ready);
