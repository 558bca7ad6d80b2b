import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { readMediaFile } from '../media/media-file.js';
import { ETCD_TLS_FLAGS, NATS_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { readWebhookLimits, WEBHOOK_FLAGS } from '../flags/webhook-flags.js';
import { openPromptPlace, readPromptPlace } from '../service/prompt-place.js';
import { announce, announceHttp, runService } from '../service/run-service.js';
import { readHttpPort, readServiceFlags } from '../service/service-flags.js';
import { softwareVersion } from '../service/version.js';
import { WholeService } from '../service/whole-service.js';
import { applyDocument, readSettingsFile } from '../settings/read-settings-file.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Without --etcd and --nats everything is inside this process; without --data-dir nothing outlives it.

Examples:
  parkade up
  parkade up --data-dir ./parkade-data --settings settings.json
  parkade up --etcd 127.0.0.1:2379 --nats nats://127.0.0.1:4222 --owners 2 --gateways 2`;

/** Shards of a cluster that `up` makes: one machine needs no more. */
const UP_SHARDS = 16;
const MAX_MEMBERS = 64;
const MAX_PORT = 65_535;

/** Where clients look for the two APIs. */
const RECALL_PORT = 7276;
const FLOW_PORT = 7277;

/** `parkade up`: the whole service in one process. */
export function addUp(program: Command, output: Output): void {
  const command = program.command('up').description('run the whole service in one process');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.nats,
    ...NATS_TLS_FLAGS,
    FLAGS.dataDir,
    FLAGS.host,
    flag('--port <port>', 'the port of the gRPC API; 0: any free one', 'PARKADE_PORT', '7275'),
    FLAGS.httpPort,
    FLAGS.promptFiles,
    flag('--owners <n>', 'owners of slots to start', 'PARKADE_OWNERS', '1'),
    flag('--gateways <n>', 'gateways to start; all but the first on any free port', 'PARKADE_GATEWAYS', '1'),
    flag(
      '--shards <n>',
      `the number of shards, fixed when a cluster is made (default: ${UP_SHARDS})`,
      'PARKADE_SHARDS',
    ),
    flag(
      '--recall-port <port>',
      `the port of the API of recalls (default: ${RECALL_PORT}; any free one with --port 0)`,
      'PARKADE_RECALL_PORT',
    ),
    flag(
      '--flow-port <port>',
      `the port of the API of call flows (default: ${FLOW_PORT}; any free one with --port 0)`,
      'PARKADE_FLOW_PORT',
    ),
    FLAGS.mediaFile,
    ...WEBHOOK_FLAGS,
    flag('--settings <file>', 'a settings document (JSON) to write before anything starts', 'PARKADE_SETTINGS'),
    FLAGS.autoTenants,
    FLAGS.noAutoTenants,
    FLAGS.memberId,
    FLAGS.leaseTtl,
    ...SECURITY_FLAGS,
    FLAGS.grace,
    FLAGS.metrics,
    FLAGS.traces,
    FLAGS.tracesRatio,
    FLAGS.metricsTenants,
    flag('--log-level <level>', 'debug, info, warn, error or off; JSON lines on stderr', 'PARKADE_LOG_LEVEL', 'warn'),
    FLAGS.json,
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    const flags = readServiceFlags(reader, { role: 'up', kind: 'whole', port: 7275, autoTenants: true });
    const owners = reader.integer('owners', 1, MAX_MEMBERS, 1);
    const httpPort = readHttpPort(reader);
    const gateways = reader.integer('gateways', 1, MAX_MEMBERS, 1);
    const recallPort = reader.integer('recallPort', 0, MAX_PORT, flags.port === 0 ? 0 : RECALL_PORT);
    const flowPort = reader.integer('flowPort', 0, MAX_PORT, flags.port === 0 ? 0 : FLOW_PORT);
    const webhooks = readWebhookLimits(reader);
    const promptPlace = readPromptPlace(reader, flags.backends);
    reader.check();
    const { routed } = await readMediaFile(reader.text('mediaFile'));
    const settingsFile = reader.text('settings');
    const settings = settingsFile === undefined ? undefined : await readSettingsFile(settingsFile);
    await runService(
      { ...flags, shardCount: flags.shardCount ?? UP_SHARDS },
      output,
      async (deps, shardCount) => {
        const version = softwareVersion();
        const prompts = openPromptPlace(promptPlace, flags.backends, deps.clock);
        const service = await WholeService.start(
          { ...flags, httpPort, owners, gateways, shardCount, version, recallPort, flowPort, routed, webhooks },
          { ...deps, blobs: prompts.blobs },
        );
        for (const address of service.local.addresses) announce(output, flags.json, address);
        announceHttp(output, flags.json, service.local.httpUrl);
        tell(output, flags.json, service, flags.backends.dataDir ?? 'memory', flags.backends.etcd);
        return {
          drain: async (graceMs) => {
            await service.drain(graceMs);
            await prompts.close();
          },
        };
      },
      async (store) => {
        if (settingsFile !== undefined) await applyDocument(store, settingsFile, settings);
      },
    );
  });
}

/** How to talk to it, and who owns what: nobody else can see an embedded store. */
function tell(
  output: Output,
  json: boolean,
  { local, recall, flow }: WholeService,
  embedded: string,
  etcd: readonly string[] | undefined,
): void {
  const { owners, addresses } = local;
  const [first = ''] = addresses;
  if (json) {
    output.line(
      JSON.stringify({ event: 'up', gateways: addresses, owners, recall: recall.address, flow: flow.address }),
    );
    return;
  }
  output.line(`state: ${etcd === undefined ? `embedded (${embedded})` : `etcd ${etcd.join(',')}`}`);
  for (const { address, shards } of owners) output.line(`owner ${address} serves ${shards} shards`);
  output.line(`recalls: ${recall.address}, call flows: ${flow.address}`);
  output.line('');
  output.line('Talk to it:');
  output.line(`  parkade park --gateway ${first} --slot 701 --call-id call-1 --caller-name Ada`);
  output.line(`  parkade slots --gateway ${first}`);
  output.line(`  parkade watch --gateway ${first}`);
  output.line(`  parkade retrieve --gateway ${first} --slot 701 --call-id call-2`);
  output.line(`  parkade recalls --recall ${recall.address}`);
  output.line('Stop it with Ctrl-C.');
}
