import { startLampsFeed } from '@parkade/lamps-feed';
import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { NATS_TLS_FLAGS } from '../flags/security-flags.js';
import { natsTlsOf } from '../service/backends.js';
import { announce, runProcess } from '../service/run-service.js';
import { readServiceFlags } from '../service/service-flags.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
It reads the lamps from the NATS that owners publish on and tells them there for Kamailio, which cannot read streams. It needs
nothing else; a second one beside it takes over without a gap.

Examples:
  parkade lamps-feed --nats nats://127.0.0.1:4222
  parkade lamps-feed --nats nats://nats-0:4222,nats-1:4222 --host 0.0.0.0 --port 7600`;

/** `parkade lamps-feed`: one process that tells all lamps to presence servers. */
export function addLampsFeed(program: Command, output: Output): void {
  const command = program.command('lamps-feed').description('run one process that tells lamps to Kamailio');
  addFlags(
    command,
    FLAGS.nats,
    ...NATS_TLS_FLAGS,
    FLAGS.host,
    flag('--port <port>', 'the port of its gRPC health service; 0: any free one', 'PARKADE_PORT', '0'),
    FLAGS.grace,
    FLAGS.metrics,
    FLAGS.logLevel,
    FLAGS.json,
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    reader.required('nats', 'lamps are read from the NATS of the cluster');
    const flags = readServiceFlags(reader, { role: 'lamps-feed', kind: 'health', port: 0, autoTenants: false });
    reader.check();
    await runProcess(flags, output, async (deps, signal) => {
      const { host, port } = flags;
      const { nats = '', natsTls } = flags.backends;
      const feed = await startLampsFeed({ nats, natsTls: natsTls && natsTlsOf(natsTls), host, port }, deps, signal);
      if (feed !== undefined) announce(output, flags.json, feed.address);
      return feed;
    });
  });
}
