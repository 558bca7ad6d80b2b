import { RetrieveRequest } from '@parkade/proto';
import type { Command } from 'commander';
import { addCallFlags, readCall, readSlot } from '../client/call-flags.js';
import { addClientFlags, runClient } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import { plainPark } from '../client/plain-park.js';
import { retrievedLine } from '../client/sentences.js';
import type { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
Examples:
  parkade retrieve --slot 701 --call-id 7a20
  parkade retrieve --lot sales --slot 12 --call-id 7a21
  parkade retrieve --extension 204 --call-id 7a22
  parkade retrieve --park-id 019a… --call-id 7a23      this very park, wherever it is`;

/** `parkade retrieve`. */
export function addRetrieve(program: Command, output: Output): void {
  const command = program.command('retrieve').description('take a parked call');
  addFlags(
    command,
    flag('--slot <slot>', 'the oldest call in this slot'),
    flag('--lot <lot>', 'the lot of the slot (default: the lot default)'),
    flag('--extension <ext>', 'the oldest call at this extension'),
    flag('--park-id <id>', 'this very park'),
  );
  addClientFlags(addFlags(addCallFlags(command), FLAGS.requestId));
  command.addHelpText('after', EXAMPLES).action((values: Record<string, unknown>) =>
    runClient(
      values,
      output,
      (reader) => ({ from: readFrom(reader), retriever: readCall(reader), requestId: reader.text('requestId') ?? '' }),
      async ({ client, tenantId, timeoutMs, clock, json }, own) => {
        const request = RetrieveRequest.fromPartial({ ...own, tenantId });
        const { park } = await callUnary(client.retrieve.bind(client), request, timeoutMs, clock);
        if (park === undefined) throw new Error('the answer names no park');
        output.line(json ? JSON.stringify(plainPark(park)) : retrievedLine(park));
      },
    ),
  );
}

function readFrom(reader: FlagReader): NonNullable<RetrieveRequest['from']> {
  const [slot, extension, parkId] = ['slot', 'extension', 'parkId'].map((name) => reader.text(name));
  if ([slot, extension, parkId].filter((kind) => kind !== undefined).length > 1) {
    reader.fault('give one of --slot, --extension and --park-id');
  }
  if (slot === undefined && (extension ?? parkId) !== undefined && reader.has('lot')) {
    reader.fault('--lot goes with --slot: leave it out with --extension and --park-id');
  }
  if (parkId !== undefined) return { $case: 'parkId', value: parkId };
  if (extension !== undefined) return { $case: 'extension', value: { extension } };
  return { $case: 'slot', value: readSlot(reader) };
}
