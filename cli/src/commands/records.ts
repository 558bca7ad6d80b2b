import { startRecords } from '@parkade/records-service';
import type { Command } from 'commander';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { ETCD_TLS_FLAGS, NATS_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { readWebhookLimits, WEBHOOK_FLAGS } from '../flags/webhook-flags.js';
import { announce, runService } from '../service/run-service.js';
import { readServiceFlags } from '../service/service-flags.js';
import { softwareVersion } from '../service/version.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
It keeps park history and the audit, which gateways answer from, and posts events to the webhooks of tenants. Several share the
tenants among them; what one was about when it died another does.

Examples:
  parkade records --etcd 127.0.0.1:2379 --nats nats://127.0.0.1:4222
  parkade records --etcd etcd:2379 --nats nats://nats:4222 --host 0.0.0.0 --port 7800 --advertise-host 10.0.0.9`;

/** `parkade records`: one process that keeps history and audit, and delivers webhooks. */
export function addRecords(program: Command, output: Output): void {
  const command = program
    .command('records')
    .description('run one process that keeps history and audit, and delivers webhooks');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.nats,
    ...NATS_TLS_FLAGS,
    FLAGS.host,
    flag('--port <port>', 'the port of its gRPC health service; 0: any free one', 'PARKADE_PORT', '0'),
    FLAGS.advertiseHost,
    FLAGS.memberId,
    FLAGS.leaseTtl,
    FLAGS.shards,
    ...WEBHOOK_FLAGS,
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
    reader.required('etcd', 'a records process needs the etcd of its cluster');
    reader.required('nats', 'events are read from the NATS of the cluster, and kept there');
    const flags = readServiceFlags(reader, { role: 'records', kind: 'inner', port: 0, autoTenants: false });
    const webhooks = readWebhookLimits(reader);
    const advertiseHost = reader.text('advertiseHost');
    reader.check();
    await runService(flags, output, async (deps) => {
      const { memberId, host, port, leaseTtlMs } = flags;
      const config = { memberId, host, port, leaseTtlMs, advertiseHost, version: softwareVersion(), webhooks };
      const records = await startRecords(config, { ...deps, metrics: { registry: deps.metrics.part() } });
      announce(output, flags.json, records.address);
      return records;
    });
  });
}
