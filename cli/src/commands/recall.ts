import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { ETCD_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { readMediaFile } from '../media/media-file.js';
import { startRecallMember } from '../service/recall-member.js';
import { announce, runService } from '../service/run-service.js';
import { readServiceFlags } from '../service/service-flags.js';
import { softwareVersion } from '../service/version.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
A call whose media the cluster moves is rung back through the owner of its media node; for one whose client moves it, the
attempt is admitted and told as an event, and the client rings.

Examples:
  parkade recall --etcd 127.0.0.1:2379
  parkade recall --etcd etcd:2379 --media-file media.json --host 0.0.0.0 --port 7400 --advertise-host 10.0.0.9`;

/** `parkade recall`: one process that lets parked calls come back. */
export function addRecall(program: Command, output: Output): void {
  const command = program.command('recall').description('run one process that brings parked calls back');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.host,
    flag('--port <port>', 'the port of its gRPC API; 0: any free one', 'PARKADE_PORT', '0'),
    FLAGS.advertiseHost,
    FLAGS.memberId,
    FLAGS.leaseTtl,
    FLAGS.shards,
    FLAGS.mediaFile,
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
    reader.required('etcd', 'a recall process needs the etcd of its cluster');
    const flags = readServiceFlags(reader, { role: 'recall', kind: 'public', port: 0, autoTenants: false });
    const advertiseHost = reader.text('advertiseHost');
    reader.check();
    const { routed } = await readMediaFile(reader.text('mediaFile'));
    await runService(flags, output, async (deps, shardCount) => {
      const { memberId, host, port, leaseTtlMs } = flags;
      const config = { memberId, host, port, leaseTtlMs, advertiseHost, version: softwareVersion() };
      const recall = await startRecallMember(config, shardCount, { ...deps, registry: deps.metrics.part(), routed });
      announce(output, flags.json, recall.address);
      return recall;
    });
  });
}
