import { SystemClock, SystemRandom } from '@parkade/clock';
import type { Command } from 'commander';
import { openParkClient } from '../client/park-client.js';
import { tellCallLife } from '../demo/call-life.js';
import { Narrator } from '../demo/narrator.js';
import { OFFICE_TENANT, SimulatedOffice } from '../demo/simulated-office.js';
import { leaveCalls } from '../demo/left-calls.js';
import { tellStory } from '../demo/story.js';
import { Watcher } from '../demo/watcher.js';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag } from '../flags/flags.js';
import { openBackends } from '../service/backends.js';
import { LocalService, type LocalServiceDeps } from '../service/local-service.js';
import { untilStopped } from '../service/until-stopped.js';
import { softwareVersion } from '../service/version.js';
import { jsonLog, LOG_LEVELS } from '../terminal/json-log.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Examples:
  parkade demo
  parkade demo --keep                                  go on serving afterwards, and say how to talk to it
  parkade demo --board                                 the same, with the park board in a browser`;

const TENANT = 'demo';
const SHARDS = 16;
const OWNERS = 3;
/** The shortest there is: an owner that dies is replaced within it. */
const LEASE_TTL_MS = 2_000;
const DRAIN_MS = 2_000;

/** `parkade demo`: the whole service in this process, and a short story played on it. */
export function addDemo(program: Command, output: Output): void {
  const command = program
    .command('demo')
    .description('start everything, play a short story on it, and say what was shown');
  addFlags(
    command,
    flag('--keep', 'leave it running afterwards'),
    flag('--board', 'serve the park board, say where, and leave it running with some calls parked'),
    flag('--log-level <level>', 'info, warn, error or off; JSON lines on stderr', 'PARKADE_LOG_LEVEL', 'off'),
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    const board = reader.boolean('board', false);
    const keep = reader.boolean('keep', false) || board;
    const logLevel = reader.oneOf('logLevel', LOG_LEVELS, 'off');
    reader.check();
    const clock = new SystemClock();
    const random = new SystemRandom();
    const log = jsonLog(logLevel, (line) => output.error(line), clock);
    const signals = untilStopped(output);
    const backends = await openBackends({}, { clock, random, log });
    try {
      const service = await LocalService.start(
        {
          host: '127.0.0.1',
          port: 0,
          httpPort: board ? 0 : undefined,
          owners: OWNERS,
          gateways: 1,
          shardCount: SHARDS,
          autoTenants: true,
          leaseTtlMs: LEASE_TTL_MS,
          version: softwareVersion(),
          memberId: 'demo',
        },
        { ...backends, clock, random, log },
      );
      try {
        const address = service.addresses[0] ?? '';
        inviteToBoard(output, service.httpUrl);
        await play(output, service, { ...backends, clock, random, log }, address);
        if (board) await leaveCalls(address, TENANT, clock);
        if (keep) {
          invite(output, address);
          await signals.stopped;
        }
      } finally {
        await service.drain(DRAIN_MS);
      }
    } finally {
      await backends.close();
      signals.release();
    }
  });
}

async function play(output: Output, service: LocalService, deps: LocalServiceDeps, address: string): Promise<void> {
  const { store, clock } = deps;
  const fromMs = clock.monotonicMs();
  const narrator = new Narrator(output);
  narrator.title('Parkade: a call park, all of it in this process');
  narrator.plain(`gateway ${address}; ${OWNERS} owners share ${SHARDS} shards:`);
  for (const owner of service.owners) narrator.plain(`  ${owner.address} serves ${owner.shards}`);
  const client = openParkClient(address);
  const watcher = new Watcher(client, TENANT, clock);
  const officeWatcher = new Watcher(client, OFFICE_TENANT, clock);
  const member = { gateway: address, shardCount: SHARDS, leaseTtlMs: LEASE_TTL_MS, version: softwareVersion() };
  const office = await SimulatedOffice.start({ ...deps, ...member });
  try {
    await tellCallLife({ narrator, office, watcher: officeWatcher, clock });
    await tellStory({ narrator, client, watcher, service, store, shardCount: SHARDS, tenantId: TENANT, clock });
    narrator.summary(clock.monotonicMs() - fromMs);
  } finally {
    await Promise.all([watcher.close(), officeWatcher.close()]);
    client.close();
    await office.close();
  }
}

function inviteToBoard(output: Output, url: string | undefined): void {
  if (url === undefined) return;
  output.line('The park board is live; open it beside this:');
  output.line(`  ${url}/board/?tenant=${OFFICE_TENANT}   calls on simulated switches, which come first`);
  output.line(`  ${url}/board/?tenant=${TENANT}`);
  output.line('');
}

function invite(output: Output, address: string): void {
  output.line('');
  output.line('It goes on serving. Talk to it:');
  output.line(`  npm run parkade -- park --gateway ${address} --slot 702 --call-id call-1 --caller-name Eve`);
  output.line(`  npm run parkade -- slots --gateway ${address}`);
  output.line(`  npm run parkade -- watch --gateway ${address}`);
  output.line('Stop it with Ctrl-C.');
}
