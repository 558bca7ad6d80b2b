import {
  DEFAULT_ANNOUNCEMENTS,
  DEFAULT_DNS_NODES,
  DEFAULT_PROMPT_BYTES,
  type DnsNodesConfig,
  type PromptsConfig,
  startMedia,
} from '@parkade/media';
import type { Command } from 'commander';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { ETCD_TLS_FLAGS, NATS_TLS_FLAGS, SECURITY_FLAGS } from '../flags/security-flags.js';
import { readMediaFile } from '../media/media-file.js';
import { announce, runService } from '../service/run-service.js';
import { readServiceFlags } from '../service/service-flags.js';
import { softwareVersion } from '../service/version.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
The media file is JSON: whose calls these are, by node, profile, context or authenticated domain; feature codes; domains:
  {"tenants": [{"tenant_id": "acme", "context": "acme"}], "domains": {"acme": "acme.example"}}

Examples:
  parkade media-nodes add fs-1 --event-socket 127.0.0.1:8021 --etcd 127.0.0.1:2379
  PARKADE_ESL_PASSWORD=... parkade media --etcd 127.0.0.1:2379 --media-file media.json --outbound-port 8084`;

/** `parkade media`: one process that controls FreeSWITCH nodes. */
export function addMedia(program: Command, output: Output): void {
  const command = program.command('media').description('run one process that controls media nodes (FreeSWITCH)');
  addFlags(
    command,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    FLAGS.nats,
    ...NATS_TLS_FLAGS,
    FLAGS.gateway,
    FLAGS.host,
    flag('--port <port>', 'the port the cluster reaches it at; 0: any free one', 'PARKADE_PORT', '0'),
    FLAGS.advertiseHost,
    flag('--outbound-host <address>', 'where the dial plans reach it', 'PARKADE_OUTBOUND_HOST', '127.0.0.1'),
    flag(
      '--outbound-port <port>',
      'the port of the dial plans’ socket application; none: it takes no calls',
      'PARKADE_OUTBOUND_PORT',
    ),
    FLAGS.mediaFile,
    flag(
      '--media-nodes-dns <name[:port]>',
      'register the nodes that DNS names: addresses, or SRV records of a name that begins with _',
      'PARKADE_MEDIA_NODES_DNS',
    ),
    flag(
      '--media-nodes-sip-port <port>',
      'where those nodes take SIP from each other; 0: they do not',
      'PARKADE_MEDIA_NODES_SIP_PORT',
      '5060',
    ),
    flag(
      '--prompt-cache <directory>',
      'keep the uploaded prompt files of tenants here, for the switches',
      'PARKADE_PROMPT_CACHE',
    ),
    flag(
      '--prompt-cache-at-switch <path>',
      'where the switches find that directory (default: at the same path)',
      'PARKADE_PROMPT_CACHE_AT_SWITCH',
    ),
    flag(
      '--prompt-source <url>',
      'the REST API of the gateways, where prompt files are fetched: http://host:port',
      'PARKADE_PROMPT_SOURCE',
    ),
    FLAGS.memberId,
    FLAGS.leaseTtl,
    FLAGS.shards,
    ...SECURITY_FLAGS,
    FLAGS.grace,
    FLAGS.metrics,
    FLAGS.traces,
    FLAGS.tracesRatio,
    FLAGS.logLevel,
    FLAGS.json,
    // From the environment only in examples: a command line is seen by everybody on the machine.
    flag(
      '--esl-password <password>',
      'of the nodes’ Event Sockets; better from the environment',
      'PARKADE_ESL_PASSWORD',
    ),
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    reader.required('etcd', 'a media process needs the etcd of its cluster');
    reader.required('eslPassword', 'the Event Sockets of the nodes ask for it (PARKADE_ESL_PASSWORD)');
    const flags = readServiceFlags(reader, { role: 'media', kind: 'inner', port: 0, autoTenants: false });
    const gateway = reader.text('gateway') ?? '';
    const outboundPort = reader.has('outboundPort') ? reader.integer('outboundPort', 0, 65_535, 8084) : undefined;
    const dnsNodes = readDnsNodes(reader);
    const prompts = readPrompts(reader);
    reader.check();
    const { tenants, codes, limits, routed } = await readMediaFile(reader.text('mediaFile'));
    await runService(flags, output, async (deps) => {
      const { memberId, host, port, leaseTtlMs } = flags;
      const outboundHost = reader.text('outboundHost') ?? '127.0.0.1';
      const config = {
        memberId,
        host,
        port,
        advertiseHost: reader.text('advertiseHost'),
        outbound: outboundPort === undefined ? undefined : { host: outboundHost, port: outboundPort },
        version: softwareVersion(),
        leaseTtlMs,
        gateway,
        password: reader.text('eslPassword') ?? '',
        tenants,
        domains: routed.domains,
        codes,
        dnsNodes,
        prompts,
        announcements: DEFAULT_ANNOUNCEMENTS,
        limits,
      };
      // Without NATS nobody tells this process of lamps: the bus inside it has nothing on it.
      const bus = flags.backends.nats === undefined ? undefined : deps.bus;
      const media = await startMedia(config, { ...deps, bus, metrics: { registry: deps.metrics.part() } });
      announce(output, flags.json, media.address);
      if (media.outboundPort !== undefined && !flags.json) output.line(`dial plans reach it on ${media.outboundPort}`);
      return media;
    });
  });
}

/** Nodes that DNS names; a fault stays with the reader. */
function readDnsNodes(reader: FlagReader): DnsNodesConfig | undefined {
  const name = reader.text('mediaNodesDns');
  const sipPort = reader.integer('mediaNodesSipPort', 0, 65_535, DEFAULT_DNS_NODES.sipPort);
  if (name === undefined) return undefined;
  const [, service = '', port = ''] = /^([A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/.exec(name) ?? [];
  const eventSocket = port === '' ? DEFAULT_DNS_NODES.port : Number(port);
  if (service === '' || eventSocket < 1 || eventSocket > 65_535) {
    reader.fault(
      '--media-nodes-dns must be a name of DNS, with the port of the Event Sockets behind a colon where it is not 8021',
    );
  }
  return { ...DEFAULT_DNS_NODES, service, port: eventSocket, sipPort };
}

/** How uploaded prompt files come to the switches; undefined: not at all. A fault stays with the reader. */
function readPrompts(reader: FlagReader): PromptsConfig | undefined {
  const directory = reader.text('promptCache');
  const source = reader.text('promptSource');
  const atSwitch = reader.text('promptCacheAtSwitch');
  if (directory === undefined && source === undefined) return undefined;
  if (directory === undefined || source === undefined) {
    reader.fault('--prompt-cache and --prompt-source go together: where files are kept, and where they are fetched');
    return undefined;
  }
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(source)) {
    reader.fault('--prompt-source must be http://host:port or https://host:port of a gateway');
  }
  if (!/^\/[A-Za-z0-9_./-]*$/.test(atSwitch ?? directory)) {
    reader.fault('the switches must find prompt files at an absolute path of letters, digits and _ . / - only');
  }
  return { directory, atSwitch, source: source.replace(/\/$/, ''), maxBytes: DEFAULT_PROMPT_BYTES };
}
