import { ExtendParkRequest, MoveParkRequest, ReleaseCause, ReleaseRequest, RenewPolicyRequest } from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import type { Command } from 'commander';
import { readSlot } from '../client/call-flags.js';
import { addClientFlags, runClient } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import { callerOf, plainPark } from '../client/plain-park.js';
import { parkLine, placeOf } from '../client/sentences.js';
import type { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';

const MAX_EXTEND_MS = 30 * 86_400_000;
const CAUSES = {
  released: ReleaseCause.RELEASED,
  abandoned: ReleaseCause.ABANDONED,
  escaped: ReleaseCause.ESCAPED,
} as const;

/** What every change of one park begins with. */
function changing(program: Command, name: string, description: string): Command {
  return addFlags(program.command(name).description(description), flag('--park-id <id>', 'the park, as park answered'));
}

function readHead(reader: FlagReader): { readonly parkId: string; readonly requestId: string } {
  return {
    parkId: reader.required('parkId', 'the park id that park answered'),
    requestId: reader.text('requestId') ?? '',
  };
}

/** `parkade release`. */
export function addRelease(program: Command, output: Output): void {
  const command = changing(program, 'release', 'end a park without a retriever');
  addFlags(
    command,
    flag('--call-id <id>', 'refuse unless this call is parked there'),
    flag('--cause <cause>', 'released, abandoned (the caller hung up) or escaped (he left)', undefined, 'released'),
    flag('--destination <destination>', 'escaped: where the call goes'),
  );
  addClientFlags(addFlags(command, FLAGS.requestId));
  command
    .addHelpText(
      'after',
      '\nExamples:\n  parkade release --park-id 019a…\n  parkade release --park-id 019a… --cause abandoned' +
        '\n  parkade release --park-id 019a… --cause escaped --destination 5000',
    )
    .action((values: Record<string, unknown>) =>
      runClient(
        values,
        output,
        (reader) => {
          const cause = reader.oneOf('cause', ['released', 'abandoned', 'escaped'], 'released');
          const destination = reader.text('destination');
          if (destination !== undefined && cause !== 'escaped') reader.fault('--destination goes with --cause escaped');
          return { ...readHead(reader), callId: reader.text('callId') ?? '', cause: CAUSES[cause], destination };
        },
        async ({ client, tenantId, timeoutMs, clock, json }, own) => {
          const request = ReleaseRequest.fromPartial({ ...own, tenantId });
          const { park } = await callUnary(client.release.bind(client), request, timeoutMs, clock);
          if (park === undefined) throw new Error('the answer names no park');
          output.line(json ? JSON.stringify(plainPark(park)) : `${callerOf(park.call)} left ${placeOf(park)}`);
        },
      ),
    );
}

/** `parkade move`. */
export function addMove(program: Command, output: Output): void {
  const command = changing(program, 'move', 'move a parked call to another slot');
  addFlags(
    command,
    flag('--slot <slot>', 'the slot it moves to'),
    flag('--lot <lot>', 'its lot (default: the lot default)'),
  );
  addClientFlags(addFlags(command, FLAGS.requestId));
  command
    .addHelpText('after', '\nExamples:\n  parkade move --park-id 019a… --slot 702')
    .action((values: Record<string, unknown>) =>
      runClient(
        values,
        output,
        (reader) => ({ ...readHead(reader), slot: readSlot(reader) }),
        async ({ client, tenantId, timeoutMs, clock, json }, own) => {
          const request = MoveParkRequest.fromPartial({ ...own, tenantId });
          const { park } = await callUnary(client.movePark.bind(client), request, timeoutMs, clock);
          if (park === undefined) throw new Error('the answer names no park');
          output.line(json ? JSON.stringify(plainPark(park)) : parkLine(park, clock.nowMs()));
        },
      ),
    );
}

/** `parkade extend`. */
export function addExtend(program: Command, output: Output): void {
  const command = changing(program, 'extend', 'set when a parked call comes back');
  addFlags(command, flag('--recall-in <time>', 'counted from now; 0: never'));
  addClientFlags(addFlags(command, FLAGS.requestId));
  command
    .addHelpText('after', '\nExamples:\n  parkade extend --park-id 019a… --recall-in 5m')
    .action((values: Record<string, unknown>) =>
      runClient(
        values,
        output,
        (reader) => {
          reader.required('recallIn', 'the time until the call comes back, such as 5m; 0 for never');
          return { ...readHead(reader), recallIn: toDuration(reader.time('recallIn', 0, MAX_EXTEND_MS, 0)) };
        },
        async ({ client, tenantId, timeoutMs, clock, json }, own) => {
          const request = ExtendParkRequest.fromPartial({ ...own, tenantId });
          const { park } = await callUnary(client.extendPark.bind(client), request, timeoutMs, clock);
          if (park === undefined) throw new Error('the answer names no park');
          output.line(json ? JSON.stringify(plainPark(park)) : parkLine(park, clock.nowMs()));
        },
      ),
    );
}

/** `parkade renew`. */
export function addRenew(program: Command, output: Output): void {
  const command = changing(program, 'renew', 'bring a parked call under the settings as they are now');
  addClientFlags(addFlags(command, FLAGS.requestId));
  command
    .addHelpText('after', '\nExamples:\n  parkade renew --park-id 019a…')
    .action((values: Record<string, unknown>) =>
      runClient(values, output, readHead, async ({ client, tenantId, timeoutMs, clock, json }, own) => {
        const request = RenewPolicyRequest.fromPartial({ ...own, tenantId });
        const { park } = await callUnary(client.renewPolicy.bind(client), request, timeoutMs, clock);
        if (park === undefined) throw new Error('the answer names no park');
        output.line(json ? JSON.stringify(plainPark(park)) : parkLine(park, clock.nowMs()));
      }),
    );
}
