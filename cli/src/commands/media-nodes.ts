import { SystemClock } from '@parkade/clock';
import { decodeToken, keys } from '@parkade/ids';
import { type MediaNodeFault, registerMediaNode, removeMediaNode } from '@parkade/media';
import { prefixRange } from '@parkade/store';
import type { Command } from 'commander';
import { ETCD_TLS_FLAGS } from '../flags/security-flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { readEtcd } from '../service/etcd-flags.js';
import { withEtcd } from '../service/with-etcd.js';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import type { Output } from '../terminal/output.js';

const NEEDS_ETCD = 'media nodes are registered in the etcd of the cluster';

/** What is wrong with a registration, and what to do. */
const FAULTS: Readonly<Record<MediaNodeFault, string>> = {
  'bad-name': 'a name is 1 to 64 printable ASCII characters without blanks, as parkade_node of the switch has it',
  'bad-host': '--event-socket must name a host of at most 255 characters',
  'bad-port': '--event-socket must name a port from 1 to 65535, such as 10.0.0.5:8021',
};

const EXAMPLES = `
Examples:
  parkade media-nodes add fs-1 --event-socket 10.0.0.5:8021 --sip 10.0.0.5:5060 --etcd 127.0.0.1:2379
  parkade media-nodes list --etcd 127.0.0.1:2379
  parkade media-nodes remove fs-1 --etcd 127.0.0.1:2379`;

/** `parkade media-nodes add|list|remove`. */
export function addMediaNodes(program: Command, output: Output): void {
  const nodes = program.command('media-nodes').description('the FreeSWITCH nodes that the cluster controls');
  const add = nodes.command('add <name>').description('register a node, or change its registration');
  addFlags(
    add,
    FLAGS.etcd,
    ...ETCD_TLS_FLAGS,
    flag('--event-socket <host:port>', 'where its Event Socket listens'),
    flag('--sip <host:port>', 'where other nodes send SIP to; none: it takes no calls from them'),
    flag('--recovers [yes|no]', 'its profile tracks calls, so that a crashed switch gets them back'),
    FLAGS.json,
  )
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      reader.required('eventSocket', 'the cluster has to reach the node');
      const etcd = readEtcd(reader, NEEDS_ETCD);
      const { host, port } = reader.listenAddress('eventSocket') ?? { host: '', port: 0 };
      const recovers = reader.boolean('recovers', false);
      const sipAddress = reader.has('sip') ? reader.address('sip') : '';
      const json = reader.boolean('json', false);
      reader.check();
      await withEtcd(etcd, new SystemClock(), async (store) => {
        const fault = await registerMediaNode(store, { name, host, port, sipAddress, recovers });
        if (fault !== undefined) throw new CommandFailure(EXIT.usage, `${name} cannot be registered: ${FAULTS[fault]}`);
        const plain = { name, host, port, sip_address: sipAddress, recovers };
        output.line(json ? JSON.stringify(plain) : `${name} is registered at ${host}:${port}`);
      });
    });
  const remove = nodes.command('remove <name>').description('take a node out; its calls go on');
  addFlags(remove, FLAGS.etcd, ...ETCD_TLS_FLAGS, FLAGS.json)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      const etcd = readEtcd(reader, NEEDS_ETCD);
      const json = reader.boolean('json', false);
      reader.check();
      await withEtcd(etcd, new SystemClock(), async (store) => {
        const removed = await removeMediaNode(store, name);
        if (json) output.line(JSON.stringify({ name, removed }));
        else output.line(removed ? `${name} is not registered any more` : `${name} was not registered`);
      });
    });
  const list = nodes.command('list').description('show the registered nodes');
  addFlags(list, FLAGS.etcd, ...ETCD_TLS_FLAGS, FLAGS.json)
    .addHelpText('after', EXAMPLES)
    .action(async (values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      const etcd = readEtcd(reader, NEEDS_ETCD);
      const json = reader.boolean('json', false);
      reader.check();
      await withEtcd(etcd, new SystemClock(), async (store) => {
        const { kvs } = await store.range(prefixRange(keys.mediaNodes));
        const nodes = kvs.map(({ key, value }) => ({
          name: decodeToken(key.slice(keys.mediaNodes.length)) ?? key,
          registration: Buffer.from(value).toString('utf8'),
        }));
        if (json) {
          const plain = nodes.map(({ name, registration }) => ({ name, ...(JSON.parse(registration) as object) }));
          output.line(JSON.stringify({ media_nodes: plain }));
        } else if (nodes.length === 0) output.line('no media nodes are registered');
        else for (const { name, registration } of nodes) output.line(`${name}  ${registration}`);
      });
    });
}
