import { ParkOrRetrieveRequest } from '@parkade/proto';
import type { Command } from 'commander';
import { addCallFlags, addParkerFlags, readCall, readParker, readSlot } from '../client/call-flags.js';
import { addClientFlags, runClient } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import { plainPark } from '../client/plain-park.js';
import { parkLine, retrievedLine } from '../client/sentences.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Examples:
  parkade park-or-retrieve --slot 701 --call-id 6f1c     parks where the slot is free, else retrieves`;

/** `parkade park-or-retrieve`. */
export function addParkOrRetrieve(program: Command, output: Output): void {
  const command = program
    .command('park-or-retrieve')
    .description('retrieve from a slot, or park in it when it is free');
  addFlags(command, flag('--slot <slot>', 'the slot'), flag('--lot <lot>', 'its lot (default: the lot default)'));
  addClientFlags(addFlags(addParkerFlags(addCallFlags(command)), FLAGS.requestId));
  command.addHelpText('after', EXAMPLES).action((values: Record<string, unknown>) =>
    runClient(
      values,
      output,
      (reader) => ({
        slot: readSlot(reader),
        call: readCall(reader),
        parker: readParker(reader),
        note: reader.text('note') ?? '',
        requestId: reader.text('requestId') ?? '',
      }),
      async ({ client, tenantId, timeoutMs, clock, json }, own) => {
        const request = ParkOrRetrieveRequest.fromPartial({ ...own, tenantId });
        const { outcome } = await callUnary(client.parkOrRetrieve.bind(client), request, timeoutMs, clock);
        if (outcome === undefined) throw new Error('the answer names no outcome');
        const { $case: action, value: park } = outcome;
        if (json) output.line(JSON.stringify({ action, park: plainPark(park) }));
        else output.line(action === 'parked' ? parkLine(park, clock.nowMs()) : retrievedLine(park));
      },
    ),
  );
}
