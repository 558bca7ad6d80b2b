import { Command } from 'commander';
import { softwareVersion } from './service/version.js';
import type { Output } from './terminal/output.js';

type AddCommand = (program: Command, output: Output) => void;

/** Every command by its name, in the order of the help. One alone is loaded: all together take three times as long. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['up', async () => (await import('./commands/up.js')).addUp],
  ['gateway', async () => (await import('./commands/gateway.js')).addGateway],
  ['slot-shard', async () => (await import('./commands/slot-shard.js')).addSlotShard],
  ['recall', async () => (await import('./commands/recall.js')).addRecall],
  ['flow', async () => (await import('./commands/flow.js')).addFlow],
  ['media', async () => (await import('./commands/media.js')).addMedia],
  ['lamps-feed', async () => (await import('./commands/lamps-feed.js')).addLampsFeed],
  ['records', async () => (await import('./commands/records.js')).addRecords],
  ['demo', async () => (await import('./commands/demo.js')).addDemo],
  ['park', async () => (await import('./commands/park.js')).addPark],
  ['retrieve', async () => (await import('./commands/retrieve.js')).addRetrieve],
  ['park-or-retrieve', async () => (await import('./commands/park-or-retrieve.js')).addParkOrRetrieve],
  ['release', async () => (await import('./commands/park-changes.js')).addRelease],
  ['move', async () => (await import('./commands/park-changes.js')).addMove],
  ['extend', async () => (await import('./commands/park-changes.js')).addExtend],
  ['renew', async () => (await import('./commands/park-changes.js')).addRenew],
  ['recalls', async () => (await import('./commands/recalls.js')).addRecalls],
  ['slots', async () => (await import('./commands/slots.js')).addSlots],
  ['slot', async () => (await import('./commands/slots.js')).addSlot],
  ['watch', async () => (await import('./commands/watch.js')).addWatch],
  ['shards', async () => (await import('./commands/shards.js')).addShards],
  ['cluster', async () => (await import('./commands/cluster.js')).addCluster],
  ['settings', async () => (await import('./commands/settings.js')).addSettings],
  ['quotas', async () => (await import('./commands/quotas.js')).addQuotas],
  ['media-nodes', async () => (await import('./commands/media-nodes.js')).addMediaNodes],
  ['token', async () => (await import('./commands/token.js')).addToken],
]);

const AFTER = `
Every command has --help with examples. Exit codes: 0 done, 1 refused (the reason is printed), 2 wrong command line,
3 not reached in time (the same command may be given again).`;

/**
 * The command line, ready to parse `args`: with the command that their first word names, or, where it names none (help,
 * a slip), with all. It never ends the process: help and faults are thrown as `CommanderError`, whose words `fault` gets before.
 */
export async function parkadeProgram(
  args: readonly string[],
  output: Output,
  fault: (words: string) => void,
): Promise<Command> {
  const program = new Command('parkade')
    .description('A distributed call-park service: run it, and park, watch and retrieve calls.')
    .version(softwareVersion())
    .addHelpText('after', AFTER)
    .configureOutput({
      writeOut: (text) => output.line(text.trimEnd()),
      writeErr: (text) => fault(text.trimEnd()),
    })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)');
  const named = COMMANDS.get(args[0] ?? '');
  const loads = named === undefined ? [...COMMANDS.values()] : [named];
  for (const add of await Promise.all(loads.map((load) => load()))) add(program, output);
  return program;
}
