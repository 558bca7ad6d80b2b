import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { ETCD_TLS_FLAGS, NATS_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { announce, runService } from '../service/run-service.js';
import { readServiceFlags } from '../service/service-flags.js';
import { softwareVersion } from '../service/version.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Examples:
  parkade slot-shard --etcd 127.0.0.1:2379 --nats nats://127.0.0.1:4222
  parkade slot-shard --etcd etcd:2379 --nats nats://nats:4222 --host 0.0.0.0 --port 7300 --advertise-host 10.0.0.7`;

/** `parkade slot-shard`: one owner of slots of a cluster on etcd and NATS. */
export function addSlotShard(program: Command, output: Output): void {
  const command = program.command('slot-shard').description('run one owner of slots of a cluster');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.nats,
    ...NATS_TLS_FLAGS,
    FLAGS.host,
    flag('--port <port>', 'the port gateways reach it at; 0: any free one', 'PARKADE_PORT', '0'),
    FLAGS.advertiseHost,
    FLAGS.memberId,
    FLAGS.leaseTtl,
    FLAGS.shards,
    ...SECURITY_FLAGS,
    FLAGS.grace,
    FLAGS.metrics,
    FLAGS.traces,
    FLAGS.tracesRatio,
    FLAGS.metricsTenants,
    FLAGS.logLevel,
    FLAGS.json,
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    reader.required('etcd', 'an owner needs the etcd of its cluster; all in one process is parkade up');
    reader.required('nats', 'an owner needs the NATS it publishes lamps and events on');
    const flags = readServiceFlags(reader, { role: 'slot-shard', kind: 'inner', port: 0, autoTenants: false });
    reader.check();
    await runService(flags, output, async (deps, shardCount) => {
      const { memberId, host, port, leaseTtlMs } = flags;
      const advertiseHost = reader.text('advertiseHost');
      const config = {
        memberId,
        host,
        port,
        leaseTtlMs,
        advertiseHost,
        version: softwareVersion(),
        limits: DEFAULT_LIMITS,
      };
      const owner = await startSlotShard(config, shardCount, {
        ...deps,
        metrics: { registry: deps.metrics.part(), tenants: flags.metricsTenants },
      });
      announce(output, flags.json, owner.address);
      return owner;
    });
  });
}
