import { ParkRequest } from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import type { Command } from 'commander';
import {
  addCallFlags,
  addParkerFlags,
  addTargetFlags,
  readCall,
  readOnOccupied,
  readParker,
  readTarget,
} from '../client/call-flags.js';
import { addClientFlags, runClient } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import { plainPark } from '../client/plain-park.js';
import { parkLine } from '../client/sentences.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';

const MAX_STAY_MS = 366 * 86_400_000;

const EXAMPLES = `
Examples:
  parkade park --slot 701 --call-id 6f1c --caller-name Ada --caller-number 5550100
  parkade park --call-id 6f1d                          any free slot of the lot default
  parkade park --lot sales --selection longest-idle --call-id 6f1e --recall-after 90s
  parkade park --extension 204 --call-id 6f1f --parker alice --on-occupied ring-parker`;

/** `parkade park`. */
export function addPark(program: Command, output: Output): void {
  const command = program.command('park').description('park a call');
  addParkerFlags(addCallFlags(addTargetFlags(command)));
  addFlags(command, flag('--recall-after <time>', 'when it comes back; 0: never (default: as the lot is set)'));
  addClientFlags(addFlags(command, FLAGS.requestId));
  command.addHelpText('after', EXAMPLES).action((values: Record<string, unknown>) =>
    runClient(
      values,
      output,
      (reader) => ({
        target: readTarget(reader),
        call: readCall(reader),
        parker: readParker(reader),
        note: reader.text('note') ?? '',
        onOccupied: readOnOccupied(reader),
        requestId: reader.text('requestId') ?? '',
        ...(reader.has('recallAfter')
          ? { overrides: { ringbackTimeout: toDuration(reader.time('recallAfter', 0, MAX_STAY_MS, 0)) } }
          : {}),
      }),
      async ({ client, tenantId, timeoutMs, clock, json }, own) => {
        const request = ParkRequest.fromPartial({ ...own, tenantId });
        const { park } = await callUnary(client.park.bind(client), request, timeoutMs, clock);
        if (park === undefined) throw new Error('the answer names no park');
        output.line(json ? JSON.stringify(plainPark(park)) : parkLine(park, clock.nowMs()));
      },
    ),
  );
}
