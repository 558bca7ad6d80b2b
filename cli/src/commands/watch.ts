import { PresenceType, type Slot } from '@parkade/proto';
import type { Command } from 'commander';
import { addClientFlags, runClient } from '../client/client-command.js';
import { plainSlot } from '../client/plain-park.js';
import { slotLine } from '../client/sentences.js';
import { watchSlots } from '../client/slot-watch.js';
import { addFlags, flag } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';
import { lampMark } from '../terminal/colours.js';

const EXAMPLES = `
Prints the slots in use, then every change, until Ctrl-C or --count changes.

Examples:
  parkade watch
  parkade watch --lot sales --json
  parkade watch --count 1                              wait for one change`;

/** `parkade watch`: lamps as they change. */
export function addWatch(program: Command, output: Output): void {
  const command = program.command('watch').description('follow lamps and slots as they change');
  addFlags(
    command,
    flag('--lot <lot>', 'only this lot'),
    flag('--count <n>', 'end after this many changes; 0: never', undefined, '0'),
  );
  addClientFlags(command)
    .addHelpText('after', EXAMPLES)
    .action((values: Record<string, unknown>) =>
      runClient(
        values,
        output,
        (reader) => ({
          lotId: reader.text('lot') ?? '',
          count: reader.integer('count', 0, Number.MAX_SAFE_INTEGER, 0),
        }),
        async ({ client, tenantId, json }, { lotId, count }) => {
          const stop = new AbortController();
          const onInterrupt = (): void => stop.abort();
          process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt);
          let changes = 0;
          let announced = false;
          const handlers = {
            reset: (cause: string) => {
              if (json) output.line(JSON.stringify({ event: 'reset', cause }));
              else if (announced) output.line(`what was told before is void: ${cause} The slots in use now:`);
              announced = false;
            },
            slot: (slot: Slot, changed: boolean) => {
              output.line(
                json
                  ? JSON.stringify({ event: changed ? 'changed' : 'snapshot', ...plainSlot(slot) })
                  : line(slot, output),
              );
              if (changed && ++changes === count) stop.abort();
            },
            synced: () => {
              if (announced) return;
              announced = true;
              output.line(json ? JSON.stringify({ event: 'synced' }) : 'watching; Ctrl-C ends it');
            },
          };
          try {
            await watchSlots(client, { tenantId, lotId }, handlers, stop.signal);
          } finally {
            process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
          }
        },
      ),
    );
}

function line(slot: Slot, output: Output): string {
  const lamp = PresenceType[slot.presence].toLowerCase();
  return `${lampMark(slot.presence, output.colour)} ${lamp.padEnd(10)} ${slotLine(slot)}`;
}
