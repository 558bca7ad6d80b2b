import { SystemClock } from '@parkade/clock';
import { keys, ownerKeyPartition } from '@parkade/ids';
import { Owner } from '@parkade/proto';
import { loadMeta } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import type { Command } from 'commander';
import { ETCD_TLS_FLAGS } from '../flags/security-flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, FLAGS } from '../flags/flags.js';
import { readEtcd } from '../service/etcd-flags.js';
import { withEtcd } from '../service/with-etcd.js';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

const ROLE = 'slot-shard';

const EXAMPLES = `
Reads the owner keys of the cluster, so it needs its etcd. Nobody else can see the embedded store of parkade up: that
prints its owners itself when it starts.

Examples:
  parkade shards --etcd 127.0.0.1:2379`;

interface OwnedShards {
  readonly address: string;
  readonly member: string;
  readonly shards: number[];
}

/** `parkade shards`: who owns what. */
export function addShards(program: Command, output: Output): void {
  const command = program.command('shards').description('show who owns which shards');
  addFlags(command, FLAGS.etcd, ...ETCD_TLS_FLAGS, FLAGS.timeout, FLAGS.json)
    .addHelpText('after', EXAMPLES)
    .action(async (values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      const etcd = readEtcd(reader, 'who owns what is read from the etcd of the cluster');
      const timeoutMs = reader.time('timeout', 1, 60_000, 5_000);
      const json = reader.boolean('json', false);
      reader.check();
      await withEtcd(etcd, new SystemClock(), async (store) => {
        const { shardCount, owners } = await ownership(store, timeoutMs);
        const owned = owners.reduce((sum, { shards }) => sum + shards.length, 0);
        if (json) {
          output.line(JSON.stringify({ shards: shardCount, without_owner: shardCount - owned, owners }));
          return;
        }
        const rows = owners.map(({ address, member, shards }) => [
          address,
          member,
          String(shards.length),
          ranges(shards),
        ]);
        for (const line of table(['ADDRESS', 'MEMBER', 'COUNT', 'SHARDS'], rows)) output.line(line);
        output.line(`${owned} of ${shardCount} shards have an owner`);
      });
    });
}

async function ownership(
  store: Store,
  timeoutMs: number,
): Promise<{ readonly shardCount: number; readonly owners: readonly OwnedShards[] }> {
  const [meta, listed] = await Promise.all([
    loadMeta(store),
    store.range(prefixRange(keys.owners(ROLE)), { timeoutMs }),
  ]);
  if (meta?.ok !== true) {
    throw new CommandFailure(
      EXIT.refused,
      'There is no Parkade cluster in this etcd: start one with parkade slot-shard.',
    );
  }
  const owners = new Map<string, OwnedShards>();
  for (const { key, value } of listed.kvs) {
    const shard = ownerKeyPartition(ROLE, key);
    if (shard === undefined) continue;
    const { memberId, address } = Owner.decode(value);
    const owner = owners.get(memberId) ?? { address, member: memberId, shards: [] };
    owner.shards.push(shard);
    owners.set(memberId, owner);
  }
  return { shardCount: meta.meta.shard_count, owners: [...owners.values()] };
}

/** `0-3,7` of rising numbers. */
export function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
