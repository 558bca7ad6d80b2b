import { GetSlotRequest, ListSlotsRequest, ParkState, type Slot } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import type { Command } from 'commander';
import { readSlot } from '../client/call-flags.js';
import { addClientFlags, type ClientContext, runClient } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import { callerOf, plainSlot, stateName } from '../client/plain-park.js';
import { lengthWords, parkLine, slotLine, untilWords } from '../client/sentences.js';
import { addFlags, flag } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

const STATES = {
  reserved: ParkState.RESERVED,
  parked: ParkState.PARKED,
  ringback: ParkState.RINGBACK,
  retrieving: ParkState.RETRIEVING,
} as const;

const PAGE = 1_000;
/** A list longer than this helps nobody at a terminal. */
const MAX_LISTED = 100_000;

/** `parkade slots`: the slots in use. */
export function addSlots(program: Command, output: Output): void {
  const command = program.command('slots').description('list the slots in use');
  addFlags(
    command,
    flag('--lot <lot>', 'only this lot'),
    flag('--state <state>', `only slots with a park that is ${Object.keys(STATES).join(', ')}`),
    flag('--limit <n>', 'at most this many', undefined, String(PAGE)),
    flag('--page-token <token>', 'go on where an earlier list ended, as its --json said'),
  );
  addClientFlags(command)
    .addHelpText('after', '\nExamples:\n  parkade slots\n  parkade slots --lot sales --state ringback --json')
    .action((values: Record<string, unknown>) =>
      runClient(
        values,
        output,
        (reader) => ({
          lotId: reader.text('lot') ?? '',
          limit: reader.integer('limit', 1, MAX_LISTED, PAGE),
          pageToken: reader.text('pageToken') ?? '',
          states: reader.has('state')
            ? [STATES[reader.oneOf('state', ['reserved', 'parked', 'ringback', 'retrieving'], 'parked')]]
            : [],
        }),
        async (context, own) => {
          const { slots, nextPageToken } = await listed(context, own);
          if (context.json) {
            output.line(JSON.stringify({ slots: slots.map(plainSlot), next_page_token: nextPageToken }));
            return;
          }
          if (slots.length === 0) output.line('no slot is in use');
          else for (const line of slotTable(slots, context.clock.nowMs())) output.line(line);
          if (nextPageToken !== '') output.line(`there are more: --limit, or --page-token ${nextPageToken}`);
        },
      ),
    );
}

/** `parkade slot`: one slot, as its owner knows it for sure. */
export function addSlot(program: Command, output: Output): void {
  const command = program.command('slot').description('show one slot');
  addFlags(command, flag('--slot <slot>', 'the slot'), flag('--lot <lot>', 'its lot (default: the lot default)'));
  addClientFlags(command)
    .addHelpText('after', '\nExamples:\n  parkade slot --slot 701')
    .action((values: Record<string, unknown>) =>
      runClient(
        values,
        output,
        (reader) => ({ slot: readSlot(reader) }),
        async ({ client, tenantId, timeoutMs, clock, json }, own) => {
          const request = GetSlotRequest.fromPartial({ ...own, tenantId });
          const { slot } = await callUnary(client.getSlot.bind(client), request, timeoutMs, clock);
          if (slot === undefined) throw new Error('the answer names no slot');
          if (json) output.line(JSON.stringify(plainSlot(slot)));
          else if (slot.parks.length === 0) output.line(slotLine(slot));
          else for (const park of slot.parks) output.line(parkLine(park, clock.nowMs()));
        },
      ),
    );
}

interface Asked {
  readonly lotId: string;
  readonly states: ParkState[];
  readonly limit: number;
  readonly pageToken: string;
}

async function listed(
  { client, tenantId, timeoutMs, clock }: ClientContext,
  { lotId, states, limit, pageToken: from }: Asked,
): Promise<{ readonly slots: readonly Slot[]; readonly nextPageToken: string }> {
  const slots: Slot[] = [];
  let pageToken = from;
  do {
    const pageSize = Math.min(PAGE, limit - slots.length);
    const request = ListSlotsRequest.fromPartial({ tenantId, lotId, states, pageSize, pageToken });
    const page = await callUnary(client.listSlots.bind(client), request, timeoutMs, clock);
    slots.push(...page.slots);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && slots.length < limit);
  return { slots, nextPageToken: pageToken };
}

function slotTable(slots: readonly Slot[], nowMs: number): string[] {
  const rows = slots.flatMap(({ lotId, slot, parks }) =>
    parks.map((park) => [
      lotId,
      slot,
      stateName(park.state),
      callerOf(park.call),
      park.parkedAt === undefined ? '' : lengthWords(nowMs - timestampMs(park.parkedAt)),
      untilWords(park.recallAt, nowMs),
      park.parker?.userId ?? '',
      park.parkId,
    ]),
  );
  return table(['LOT', 'SLOT', 'STATE', 'CALLER', 'FOR', 'COMES BACK', 'PARKER', 'PARK ID'], rows);
}
