import { Command } from 'commander';
import { addDemo } from './commands/demo.js';
import { addFlow } from './commands/flow.js';
import { addGateway } from './commands/gateway.js';
import { addLampsFeed } from './commands/lamps-feed.js';
import { addMedia } from './commands/media.js';
import { addMediaNodes } from './commands/media-nodes.js';
import { addExtend, addMove, addRelease } from './commands/park-changes.js';
import { addParkOrRetrieve } from './commands/park-or-retrieve.js';
import { addPark } from './commands/park.js';
import { addRecall } from './commands/recall.js';
import { addRecalls } from './commands/recalls.js';
import { addRetrieve } from './commands/retrieve.js';
import { addCluster } from './commands/cluster.js';
import { addSettings } from './commands/settings.js';
import { addShards } from './commands/shards.js';
import { addSlotShard } from './commands/slot-shard.js';
import { addSlot, addSlots } from './commands/slots.js';
import { addToken } from './commands/token.js';
import { addUp } from './commands/up.js';
import { addWatch } from './commands/watch.js';
import { softwareVersion } from './service/version.js';
import type { Output } from './terminal/output.js';

const AFTER = `
Every command has --help with examples. Exit codes: 0 done, 1 refused (the reason is printed), 2 wrong command line,
3 not reached in time (the same command may be given again).`;

/** The command line, ready to parse. It never ends the process: help and faults are thrown as `CommanderError`. */
export function parkadeProgram(output: Output): Command {
  const program = new Command('parkade')
    .description('A distributed call-park service: run it, and park, watch and retrieve calls.')
    .version(softwareVersion())
    .addHelpText('after', AFTER)
    .configureOutput({
      writeOut: (text) => output.line(text.trimEnd()),
      writeErr: (text) => output.error(text.trimEnd()),
    })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)');
  for (const add of [addUp, addGateway, addSlotShard, addRecall, addFlow, addMedia, addLampsFeed, addDemo])
    add(program, output);
  for (const add of [addPark, addRetrieve, addParkOrRetrieve, addRelease, addMove, addExtend, addRecalls])
    add(program, output);
  for (const add of [addSlots, addSlot, addWatch, addShards, addCluster, addSettings, addMediaNodes, addToken])
    add(program, output);
  return program;
}
