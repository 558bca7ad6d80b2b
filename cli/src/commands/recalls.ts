import {
  CancelRecallRequest,
  type Deadline,
  ListDeadlinesRequest,
  MoveDeadlineRequest,
  RecallNowRequest,
  RecallServiceClient,
} from '@parkade/proto';
import { CHANNEL_OPTIONS, toDuration } from '@parkade/rpc';
import type { Command } from 'commander';
import { type ClientContext, runClientOf, type Service } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import { callerOf, stateName } from '../client/plain-park.js';
import { deadlineLine, plainDeadline } from '../client/plain-deadline.js';
import { untilWords } from '../client/sentences.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import type { FlagReader } from '../flags/flag-reader.js';
import { CLIENT_SECURITY_FLAGS } from '../flags/security-flags.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

const PAGE = 1_000;
/** A list longer than this helps nobody at a terminal. */
const MAX_LISTED = 100_000;
const MAX_RECALL_MS = 30 * 86_400_000;
const MAX_ATTEMPT = 0xffff_ffff;

const EXAMPLES = `
Examples:
  parkade recalls
  parkade recalls list --lot sales --limit 100 --json
  parkade recalls now --park-id 019a…
  parkade recalls cancel --park-id 019a… --attempt 1
  parkade recalls move --park-id 019a… --recall-in 5m`;

type RecallContext = ClientContext<RecallServiceClient>;

const RECALL: Service<RecallServiceClient> = {
  flag: 'recall',
  name: 'recall process',
  open: (address, channel) =>
    new RecallServiceClient(address, channel.credentials, { ...CHANNEL_OPTIONS, ...channel.options }),
};

/** `parkade recalls list|now|cancel|move`: what the recall service knows of parked calls, and what can be asked of it. */
export function addRecalls(program: Command, output: Output): void {
  const recalls = program
    .command('recalls')
    .description('when parked calls come back, and change that')
    .addHelpText('after', EXAMPLES);
  addList(recalls, output);
  addNow(recalls, output);
  addCancel(recalls, output);
  addMove(recalls, output);
}

function addRecallFlags(command: Command): Command {
  return addFlags(command, FLAGS.tenant, FLAGS.recall, ...CLIENT_SECURITY_FLAGS, FLAGS.timeout, FLAGS.json);
}

function addList(recalls: Command, output: Output): void {
  const command = recalls.command('list', { isDefault: true }).description('list the deadlines of a tenant');
  addFlags(
    command,
    flag('--lot <lot>', 'only this lot'),
    flag('--limit <n>', 'at most this many slots', undefined, String(PAGE)),
    flag('--page-token <token>', 'go on where an earlier list ended, as its --json said'),
  );
  addRecallFlags(command)
    .addHelpText('after', EXAMPLES)
    .action((values: Record<string, unknown>) =>
      runClientOf(
        RECALL,
        values,
        output,
        (reader) => ({
          lotId: reader.text('lot') ?? '',
          limit: reader.integer('limit', 1, MAX_LISTED, PAGE),
          pageToken: reader.text('pageToken') ?? '',
        }),
        async (context, own) => {
          const { deadlines, nextPageToken, missingShards } = await listed(context, own);
          if (context.json) {
            const page = { next_page_token: nextPageToken, missing_shards: missingShards };
            output.line(JSON.stringify({ deadlines: deadlines.map(plainDeadline), ...page }));
            return;
          }
          if (deadlines.length === 0) output.line('no parked call comes back');
          else for (const line of deadlineTable(deadlines, context.clock.nowMs())) output.line(line);
          if (nextPageToken !== '') output.line(`there are more: --limit, or --page-token ${nextPageToken}`);
          if (missingShards > 0) output.line(`${missingShards} shards did not answer: their calls are missing here`);
        },
      ),
    );
}

function addNow(recalls: Command, output: Output): void {
  const command = changing(recalls, 'now', 'let a parked call come back now');
  command.addHelpText('after', '\nExamples:\n  parkade recalls now --park-id 019a…');
  onChange(command, output, readHead, async ({ client, tenantId, timeoutMs, clock }, own) => {
    const request = RecallNowRequest.fromPartial({ ...own, tenantId });
    return (await callUnary(client.recallNow.bind(client), request, timeoutMs, clock)).deadline;
  });
}

function addCancel(recalls: Command, output: Output): void {
  const command = addFlags(
    changing(recalls, 'cancel', 'end a recall that rings; the call waits in its slot again'),
    flag('--attempt <n>', 'the attempt that is meant, as recalls list shows it'),
    flag('--recall-in <time>', 'until the next recall; 0: never (default: the time it was parked for)'),
  );
  command.addHelpText(
    'after',
    '\nExamples:\n  parkade recalls cancel --park-id 019a… --attempt 1\n' +
      '  parkade recalls cancel --park-id 019a… --attempt 2 --recall-in 10m',
  );
  const read = (
    reader: FlagReader,
  ): ReturnType<typeof readHead> & Pick<CancelRecallRequest, 'attempt' | 'recallIn'> => {
    reader.required('attempt', 'the attempt that is meant, as recalls list shows it');
    return {
      ...readHead(reader),
      attempt: reader.integer('attempt', 1, MAX_ATTEMPT, 1),
      recallIn: reader.has('recallIn') ? toDuration(reader.time('recallIn', 0, MAX_RECALL_MS, 0)) : undefined,
    };
  };
  onChange(command, output, read, async ({ client, tenantId, timeoutMs, clock }, own) => {
    const request = CancelRecallRequest.fromPartial({ ...own, tenantId });
    return (await callUnary(client.cancelRecall.bind(client), request, timeoutMs, clock)).deadline;
  });
}

function addMove(recalls: Command, output: Output): void {
  const command = addFlags(
    changing(recalls, 'move', 'set when a parked call comes back'),
    flag('--recall-in <time>', 'counted from now; 0: never'),
  );
  command.addHelpText('after', '\nExamples:\n  parkade recalls move --park-id 019a… --recall-in 5m');
  const read = (reader: FlagReader): ReturnType<typeof readHead> & Pick<MoveDeadlineRequest, 'recallIn'> => {
    reader.required('recallIn', 'the time until the call comes back, such as 5m; 0 for never');
    return { ...readHead(reader), recallIn: toDuration(reader.time('recallIn', 0, MAX_RECALL_MS, 0)) };
  };
  onChange(command, output, read, async ({ client, tenantId, timeoutMs, clock }, own) => {
    const request = MoveDeadlineRequest.fromPartial({ ...own, tenantId });
    return (await callUnary(client.moveDeadline.bind(client), request, timeoutMs, clock)).deadline;
  });
}

/** What every change begins with. */
function changing(recalls: Command, name: string, description: string): Command {
  const command = recalls.command(name).description(description);
  return addRecallFlags(addFlags(command, flag('--park-id <id>', 'the park, as park answered'), FLAGS.requestId));
}

function readHead(reader: FlagReader): { readonly parkId: string; readonly requestId: string } {
  return {
    parkId: reader.required('parkId', 'the park id that park answered, and recalls list shows'),
    requestId: reader.text('requestId') ?? '',
  };
}

function onChange<Own>(
  command: Command,
  output: Output,
  read: (reader: FlagReader) => Own,
  change: (context: RecallContext, own: Own) => Promise<Deadline | undefined>,
): void {
  command.action((values: Record<string, unknown>) =>
    runClientOf(RECALL, values, output, read, async (context, own) => {
      const deadline = await change(context, own);
      if (deadline === undefined) throw new Error('the answer names no park');
      const { json, clock } = context;
      output.line(json ? JSON.stringify(plainDeadline(deadline)) : deadlineLine(deadline, clock.nowMs()));
    }),
  );
}

interface Listed {
  readonly deadlines: readonly Deadline[];
  readonly nextPageToken: string;
  readonly missingShards: number;
}

async function listed(
  { client, tenantId, timeoutMs, clock }: RecallContext,
  { lotId, limit, pageToken: from }: { readonly lotId: string; readonly limit: number; readonly pageToken: string },
): Promise<Listed> {
  const deadlines: Deadline[] = [];
  let pageToken = from;
  let missingShards = 0;
  // A page may hold fewer deadlines than slots: parks that never come back are left out.
  do {
    const pageSize = Math.min(PAGE, limit - deadlines.length);
    const request = ListDeadlinesRequest.fromPartial({ tenantId, lotId, pageSize, pageToken });
    const page = await callUnary(client.listDeadlines.bind(client), request, timeoutMs, clock);
    deadlines.push(...page.deadlines);
    missingShards = Math.max(missingShards, page.missingShards);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && deadlines.length < limit);
  return { deadlines, nextPageToken: pageToken, missingShards };
}

function deadlineTable(deadlines: readonly Deadline[], nowMs: number): string[] {
  const rows = deadlines.map((each) => [
    each.lotId,
    each.slot,
    stateName(each.state),
    callerOf(each.call),
    each.recallAt === undefined ? 'rings' : untilWords(each.recallAt, nowMs),
    String(each.attempt),
    each.parker?.extension ?? '',
    each.parkId,
  ]);
  return table(['LOT', 'SLOT', 'STATE', 'CALLER', 'COMES BACK', 'RECALLS', 'PARKER', 'PARK ID'], rows);
}
