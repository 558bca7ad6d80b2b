import { EmbeddedBus } from '@parkade/bus';
import { ManualClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { TransitionKind } from '@parkade/proto';
import { expect, it } from 'vitest';
import { encodeLines, noticeLine } from './event-lines.js';
import { followEvents, type FollowEventsOptions } from './follow-events.js';
import { EVENT_STREAM } from './streams.js';
import { EVENT_BATCHES } from './subjects.js';
import { eventLine, testRecord, testTransition } from './testing/records.js';

async function setUp(options: Partial<FollowEventsOptions> = {}) {
  const clock = new ManualClock();
  const bus = new EmbeddedBus({ clock });
  await bus.ensureStreams([EVENT_STREAM]);
  const told: string[] = [];
  await followEvents(bus, { replay: 'all', ...options }, (event) =>
    told.push(event.kind === 'failed' ? event.reason : `${event.kind} ${event.slot}@${event.revision}`),
  );
  let batches = 0;
  const publish = async (...lines: readonly string[]): Promise<void> => {
    await bus.publish(EVENT_BATCHES, encodeLines(lines), { id: `batch-${++batches}` });
    await clock.advance(0);
  };
  return { bus, clock, told, publish };
}

function line(slot: string, revision: number, kind = TransitionKind.PARKED, tenantId = 'acme'): string {
  const name = { tenantId, lotId: 'default', slot };
  const record = testRecord({ name, last: testTransition({ kind }) });
  return eventLine(keys.slot(7, tenantId, 'default', slot), record, revision) ?? '';
}

it('tells each event of a batch, and what a new owner publishes again once (E1)', async () => {
  const { told, publish } = await setUp();
  await publish(line('701', 10), line('702', 10), line('701', 12));
  await publish(line('702', 10), line('701', 12), line('702', 13));
  expect(told).toEqual(['parked 701@10', 'parked 702@10', 'parked 701@12', 'parked 702@13']);
});

it('tells only what was asked for, of one tenant or some kinds (R23)', async () => {
  const { told, publish } = await setUp({ tenant: 'acme', kinds: new Set(['retrieved', 'failed']) });
  const notice = (tenant: string): string =>
    noticeLine({ id: 'n', tenant, reason: `${tenant} full`, at_ms: 1, data: {} });
  await publish(line('701', 10), line('701', 11, TransitionKind.RETRIEVED), notice('acme'), notice('acme-2'));
  await publish(line('701', 12, TransitionKind.RETRIEVED, 'acme-2'));
  expect(told).toEqual(['retrieved 701@11', 'acme full']);
});

it('begins anew with a stream that was lost: revisions may have begun anew as well (E2)', async () => {
  const { bus, told, publish } = await setUp();
  await publish(line('701', 10));
  bus.broker.wipe();
  await publish(line('701', 3));
  expect(told).toEqual(['parked 701@10', 'parked 701@3']);
});
