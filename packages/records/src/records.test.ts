import { EmbeddedBus } from '@parkade/bus';
import { ManualClock } from '@parkade/clock';
import { encodeMessage } from '@parkade/presence';
import { Refused } from '@parkade/rpc';
import { DEFAULT_SYSTEM } from '@parkade/settings';
import { beforeEach, describe, expect, it } from 'vitest';
import { auditOf } from './audit/audit-record.js';
import { listAudit } from './audit/list-audit.js';
import { withEvent } from './history/life.js';
import { type HistoryQuery, listHistory } from './history/list-history.js';
import type { RecordPage } from './pages.js';
import { recordStreams } from './streams.js';
import { auditSubject, historySubject } from './subjects.js';
import { testEvent } from './testing.js';
import { listDeadLetters, MAX_DEAD_LETTERS, putDeadLetter, replay } from './webhooks/dead-letters.js';
import { queuedEvents } from './webhooks/queue.js';

const NAME = { tenant: 'acme', id: 'crm', key: '0123456789abcdef' };
const QUERY: HistoryQuery = {
  ...{ tenantId: 'acme', callId: '', callerNumber: '', parkId: '', lotId: '' },
  ...{ fromMs: 0, toMs: 0, pageSize: 100, pageToken: '' },
};

let clock: ManualClock;
let bus: EmbeddedBus;

beforeEach(async () => {
  clock = new ManualClock();
  bus = new EmbeddedBus({ clock });
  await bus.ensureStreams(recordStreams(DEFAULT_SYSTEM.records, true));
});

function items<Item>(page: RecordPage<Item> | Refused): readonly Item[] {
  if (page instanceof Refused) throw new Error(page.message);
  return page.items;
}

async function parked(
  tenant: string,
  parkId: string,
  callId: string,
  callerNumber: string,
  atMs = 1_000,
): Promise<void> {
  const { call } = testEvent();
  const named = call === null ? null : { ...call, call_id: callId, caller_number: callerNumber };
  const life = withEvent(undefined, testEvent({ tenant, park_id: parkId, call: named, at_ms: atMs }));
  const subject = historySubject({ tenant, callerNumber, callId, parkId });
  await bus.publishLast(subject, encodeMessage(life), { version: life.revision });
}

describe('park history', () => {
  const parks = async (changes: Partial<HistoryQuery>): Promise<readonly string[]> =>
    items(await listHistory(bus, { ...QUERY, ...changes })).map(({ park_id }) => park_id);

  beforeEach(async () => {
    await parked('acme', 'p1', 'c1', '+44 1*>', 1_000);
    await parked('acme', 'p2', 'c1', '+442', 2_000);
    await parked('acme', 'p3', 'c3', '+442', 3_000);
    await parked('other', 'p4', 'c1', '+442', 3_000);
  });

  it('finds parks by call, by number, by park and by the time they began, of one tenant alone (R23)', async () => {
    expect(await parks({})).toEqual(['p1', 'p2', 'p3']);
    expect(await parks({ callId: 'c1' })).toEqual(['p1', 'p2']);
    expect(await parks({ callerNumber: '+442' })).toEqual(['p2', 'p3']);
    expect(await parks({ callerNumber: '+442', callId: 'c1' })).toEqual(['p2']);
    expect(await parks({ parkId: 'p4' })).toEqual([]);
    expect(await parks({ fromMs: 2_000, toMs: 3_000 })).toEqual(['p2']);
    expect(await parks({ tenantId: 'nobody' })).toEqual([]);
  });

  it('takes no text for a pattern', async () => {
    expect(await parks({ callerNumber: '+44 1*>' })).toEqual(['p1']);
    for (const text of ['*', '>', '+442.*', '']) expect(await parks({ tenantId: text })).toEqual([]);
    expect(await parks({ callId: '*' })).toEqual([]);
    await parked('acme', 'long', 'x'.repeat(500), '');
    expect(await parks({ callId: 'x'.repeat(500) })).toEqual(['long']);
  });

  it('comes in pages that lack nothing, and refuses a token of another list', async () => {
    const first = await listHistory(bus, { ...QUERY, pageSize: 2 });
    if (first instanceof Refused) throw new Error(first.message);
    expect(first.items.map(({ park_id }) => park_id)).toEqual(['p1', 'p2']);
    const second = await listHistory(bus, { ...QUERY, pageSize: 2, pageToken: first.nextPageToken });
    expect(items(second).map(({ park_id }) => park_id)).toEqual(['p3']);
    const pageToken = first.nextPageToken;
    expect(await listHistory(bus, { ...QUERY, tenantId: 'other', pageToken })).toBeInstanceOf(Refused);
    expect(await listHistory(bus, { ...QUERY, pageToken: 'nonsense' })).toBeInstanceOf(Refused);
  });

  it('is refused, and not empty, while the bus is away', async () => {
    bus.broker.setReachable(false);
    expect(await listHistory(bus, QUERY)).toBeInstanceOf(Refused);
  });
});

describe('the audit', () => {
  it('has one record of what somebody asked for through an API, however often its event comes', async () => {
    const by = { principal: 'alice', peer: '192.0.2.7:1', operation: 'ParkService/Release' };
    const event = testEvent({ kind: 'released', revision: 8, request_id: 'r1', by });
    const record = auditOf(event);
    expect(record).toMatchObject({
      ...by,
      things: ['parks/p1', 'slots/default/701'],
      kind: 'released',
      request_id: 'r1',
    });
    expect([record?.revision_before, record?.revision_after]).toEqual([7, 8]);
    expect(auditOf(testEvent())).toBeUndefined();
    for (let i = 0; i < 2; i++) {
      await bus.publishLast(auditSubject('acme', event.id), encodeMessage(record), { version: 1 });
    }
    const query = { tenantId: 'acme', principal: '', fromMs: 0, toMs: 0, pageSize: 10, pageToken: '' };
    expect(items(await listAudit(bus, query))).toEqual([record]);
    expect(items(await listAudit(bus, { ...query, principal: 'bob' }))).toEqual([]);
    expect(items(await listAudit(bus, { ...query, tenantId: 'other' }))).toEqual([]);
  });
});

describe('dead letters', () => {
  const letter = (n: number) => ({
    ...{ n, event: testEvent({ revision: n + 1 }), at_ms: n, attempts: 3, error: 'answered 500', replayed: false },
  });
  const all = async () => items(await listDeadLetters(bus, NAME, { pageSize: 1_000, pageToken: '' }));

  it('are the newest thousand of an endpoint', async () => {
    for (let n = 0; n < MAX_DEAD_LETTERS + 5; n++) await putDeadLetter(bus, NAME, letter(n));
    expect((await all()).map(({ n }) => n)).toEqual(Array.from({ length: MAX_DEAD_LETTERS }, (_, i) => i + 5));
  });

  it('go back in the queue when they are replayed, and are no dead letters any more', async () => {
    for (const n of [0, 1]) await putDeadLetter(bus, NAME, letter(n));
    await replay(bus, NAME, letter(1));
    expect((await all()).map(({ n }) => n)).toEqual([0]);
    const [message] = await bus.read('parkade.v1.webhooks.queue.>', { sinceMs: 0 }).next(10, 0);
    expect(queuedEvents(message?.payload ?? new Uint8Array())).toEqual([letter(1).event]);
  });
});
