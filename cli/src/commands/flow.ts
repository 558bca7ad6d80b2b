import { DEFAULT_LIMITS, startFlow } from '@parkade/flow-service';
import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { ETCD_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { announce, runService } from '../service/run-service.js';
import { readServiceFlags } from '../service/service-flags.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Examples:
  parkade flow --etcd 127.0.0.1:2379 --gateway 127.0.0.1:7275
  parkade flow --etcd etcd:2379 --gateway dns:///parkade-gateway:7275 --host 0.0.0.0 --port 7500`;

/** `parkade flow`: one process that carries out the park action of call flows. */
export function addFlow(program: Command, output: Output): void {
  const command = program.command('flow').description('run one process that carries out park nodes of call flows');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.gateway,
    FLAGS.host,
    flag('--port <port>', 'the port of its gRPC API; 0: any free one', 'PARKADE_PORT', '0'),
    FLAGS.shards,
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
    reader.required('etcd', 'flows and settings are kept in the etcd of the cluster');
    const flags = readServiceFlags(reader, { role: 'flow', kind: 'public', port: 0, autoTenants: false });
    const gateway = reader.text('gateway') ?? '';
    reader.check();
    await runService(flags, output, async (deps) => {
      const { host, port } = flags;
      const flow = await startFlow(
        { host, port, gateway, limits: DEFAULT_LIMITS },
        { ...deps, metrics: { registry: deps.metrics.part() } },
      );
      announce(output, flags.json, flow.address);
      return flow;
    });
  });
}
