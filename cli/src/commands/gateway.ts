import { createGateway } from '@parkade/gateway';
import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { ETCD_TLS_FLAGS, NATS_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { mediaPhones } from '../service/media-phones.js';
import { openPromptPlace, readPromptPlace } from '../service/prompt-place.js';
import { announce, announceHttp, runService } from '../service/run-service.js';
import { readHttpPort, readServiceFlags } from '../service/service-flags.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Park history, the audit and dead letters of webhooks are read from NATS; without it a gateway refuses to tell them.

Examples:
  parkade gateway --etcd 127.0.0.1:2379 --nats nats://127.0.0.1:4222
  PARKADE_ETCD=etcd-0:2379,etcd-1:2379 parkade gateway --host 0.0.0.0 --port 7275`;

/** `parkade gateway`: one gateway of a cluster on etcd. */
export function addGateway(program: Command, output: Output): void {
  const command = program.command('gateway').description('run one gateway of a cluster');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.nats,
    ...NATS_TLS_FLAGS,
    FLAGS.host,
    flag('--port <port>', 'the port of the gRPC API; 0: any free one', 'PARKADE_PORT', '7275'),
    FLAGS.httpPort,
    FLAGS.promptFiles,
    FLAGS.shards,
    FLAGS.autoTenants,
    FLAGS.noAutoTenants,
    ...SECURITY_FLAGS,
    FLAGS.grace,
    FLAGS.metrics,
    FLAGS.traces,
    FLAGS.tracesRatio,
    FLAGS.logLevel,
    FLAGS.json,
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    reader.required('etcd', 'a gateway needs the etcd of its cluster; all in one process is parkade up');
    const flags = readServiceFlags(reader, { role: 'gateway', kind: 'public', port: 7275, autoTenants: false });
    const httpPort = readHttpPort(reader);
    const promptPlace = readPromptPlace(reader, flags.backends);
    reader.check();
    await runService(flags, output, async (deps, shardCount) => {
      const { host, port, autoTenants } = flags;
      const prompts = openPromptPlace(promptPlace, flags.backends, deps.clock);
      const gateway = await createGateway(
        { host, port, httpPort, autoTenants, shardCount },
        // Without NATS of the cluster there are no records to read; a bus of its own holds none.
        {
          ...deps,
          bus: flags.backends.nats === undefined ? undefined : deps.bus,
          metrics: { registry: deps.metrics.part() },
          blobs: prompts.blobs,
          phones: mediaPhones(deps),
        },
      );
      announce(output, flags.json, gateway.address);
      announceHttp(output, flags.json, gateway.httpUrl);
      return {
        drain: async (graceMs) => {
          await gateway.drain(graceMs);
          await prompts.close();
        },
      };
    });
  });
}
