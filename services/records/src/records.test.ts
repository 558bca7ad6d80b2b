import { keys } from '@parkade/ids';
import {
  type AuditRecord,
  listAudit,
  listDeadLetters,
  listHistory,
  type ParkLife,
  type RecordPage,
  replay,
} from '@parkade/records';
import { testEvent } from '@parkade/records/testing';
import { Refused } from '@parkade/rpc';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Receiver, SECRET, World } from './testing/world.js';

const WITHIN = { timeout: 20_000, interval: 20 };
const NAME = { tenant: 'acme', id: 'crm', key: '0123456789abcdef' };

let world: World;
let receiver: Receiver;
beforeEach(async () => {
  world = await World.start();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await world.close();
  await receiver.close();
});

function items<Item>(page: RecordPage<Item> | Refused): readonly Item[] {
  return page instanceof Refused ? [] : page.items;
}

async function history(tenantId = 'acme'): Promise<readonly ParkLife[]> {
  const query = { tenantId, callId: '', callerNumber: '', parkId: '', lotId: '', fromMs: 0, toMs: 0 };
  return items(await listHistory(world.bus, { ...query, pageSize: 1_000, pageToken: '' }));
}

async function audit(): Promise<readonly AuditRecord[]> {
  const query = { tenantId: 'acme', principal: '', fromMs: 0, toMs: 0, pageSize: 1_000, pageToken: '' };
  return items(await listAudit(world.bus, query));
}

const deadLetters = async () => items(await listDeadLetters(world.bus, NAME, { pageSize: 100, pageToken: '' }));

const by = { principal: 'alice', peer: '192.0.2.7:1', operation: 'ParkService/Retrieve' };
const call = testEvent().call;
const story = [
  testEvent({ revision: 2, kind: 'parked' }),
  testEvent({ revision: 5, kind: 'recalled', attempt: 1 }),
  testEvent({ revision: 9, kind: 'retrieved', retriever: call, by }),
];

describe('records', () => {
  it('tell each park and each take once, though events come again and processes come and go', async () => {
    const first = await world.records();
    await world.tell(...story.slice(0, 2));
    await vi.waitFor(async () => expect(await history()).toMatchObject([{ recalls: 1, outcome: '' }]), WITHIN);
    await world.end(first);
    await world.tell(...story);
    await world.tell(...story);
    await world.records();
    const told = { outcome: 'retrieved', recalls: 1, retriever: call, ended_at_ms: story[2]?.at_ms };
    await vi.waitFor(async () => expect(await history()).toMatchObject([told]), WITHIN);
    await vi.waitFor(async () => expect(await audit()).toMatchObject([{ ...by, kind: 'retrieved' }]), WITHIN);
    expect((await history())[0]?.steps).toHaveLength(3);
    expect(await history('other')).toEqual([]);
  });

  it('move what the store holds of the audit to the bus, and then out of the store', async () => {
    const record = { id: 'r1', tenant: 'acme', principal: 'alice', things: ['lots/sales'] };
    const key = keys.auditEntry('acme', 'r1');
    const put = { kind: 'put', key, value: Buffer.from(JSON.stringify({ ...record, at_ms: 5 })) } as const;
    const { revision } = await world.store.txn({ compare: [], success: [put] });
    await world.records();
    await vi.waitFor(
      async () => expect(await audit()).toMatchObject([{ ...record, revision_after: revision }]),
      WITHIN,
    );
    await vi.waitFor(async () => expect(await world.store.get(key)).toBeUndefined(), WITHIN);
  });
});

describe('webhooks', () => {
  it('get the kinds they ask for, signed as Standard Webhooks says, without who asked and from where', async () => {
    await world.endpoint('acme', 'crm', receiver.url, { kinds: ['retrieved'] });
    await world.records();
    await world.tell(...story, testEvent({ tenant: 'other', kind: 'retrieved', revision: 12 }));
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), WITHIN);
    const [only] = receiver.received;
    const headers = Object.fromEntries(
      Object.entries(only?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(new Webhook(SECRET).verify(only?.body ?? '', headers)).toMatchObject({ type: 'retrieved' });
    expect(headers['webhook-id']).toBe(story[2]?.id);
    expect(only?.body).not.toMatch(/alice|192\.0\.2\.7/);
  });

  it('hear of each slot in order, also where one is tried again, and of others meanwhile', async () => {
    const failed = new Set<number>();
    receiver.answer = ({ event }) => {
      if (event.slot !== '701' || failed.has(event.revision)) return 200;
      failed.add(event.revision);
      return 503;
    };
    await world.endpoint('acme', 'crm', receiver.url);
    await world.records();
    const events = Array.from({ length: 40 }, (_, i) =>
      testEvent({ slot: i % 2 === 0 ? '701' : '702', revision: i + 1 }),
    );
    for (let at = 0; at < events.length; at += 8) await world.tell(...events.slice(at, at + 8));
    // Each of the twenty is refused once and tried again.
    await vi.waitFor(() => expect(receiver.revisions('701')).toHaveLength(40), WITHIN);
    await vi.waitFor(() => expect(receiver.revisions('702')).toHaveLength(20), WITHIN);
    for (const slot of ['701', '702']) {
      expect(receiver.revisions(slot)).toEqual([...receiver.revisions(slot)].sort((a, b) => a - b));
    }
  });

  it('give an event up after so many attempts, keep it as a dead letter, and deliver it again when asked', async () => {
    let status = 500;
    receiver.answer = () => status;
    await world.endpoint('acme', 'crm', receiver.url);
    await world.records({ maxAttempts: 3 });
    await world.tell(testEvent({ revision: 1 }));
    const dead = { n: 0, attempts: 3, error: 'answered 500', event: { revision: 1 } };
    await vi.waitFor(async () => expect(await deadLetters()).toMatchObject([dead]), WITHIN);
    expect(receiver.received).toHaveLength(3);
    status = 200;
    const [letter] = await deadLetters();
    if (letter !== undefined) await replay(world.bus, NAME, letter);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(4), WITHIN);
    expect(await deadLetters()).toEqual([]);
  });

  it('follow no redirect, and take the word of an endpoint that is gone at once', async () => {
    receiver.answer = ({ event }) => (event.slot === '701' ? 302 : 410);
    await world.endpoint('acme', 'crm', receiver.url);
    await world.records({ maxAttempts: 2 });
    await world.tell(testEvent({ slot: '701' }), testEvent({ slot: '702' }));
    const errors = async () => (await deadLetters()).map(({ error, attempts }) => `${error} ${attempts}`).sort();
    await vi.waitFor(async () => expect(await errors()).toEqual(['answered 302 2', 'answered 410 1']), WITHIN);
    expect(receiver.received).toHaveLength(3);
  });

  it('are not posted to loopback unless that is allowed', async () => {
    await world.endpoint('acme', 'crm', receiver.url);
    await world.records({ maxAttempts: 1, allowPrivateTargets: false });
    await world.tell(testEvent());
    const refused = [{ error: expect.stringMatching(/not public/) as string }];
    await vi.waitFor(async () => expect(await deadLetters()).toMatchObject(refused), WITHIN);
    expect(receiver.received).toEqual([]);
  });

  it('of one tenant that do not answer delay no other tenant', async () => {
    const slow = await Receiver.start();
    slow.answer = () => 'never';
    await world.endpoint('acme', 'slow', slow.url);
    await world.endpoint('acme2', 'crm', receiver.url);
    await world.records({ attemptTimeoutMs: 60_000 });
    for (let i = 0; i < 30; i++) {
      const slots = Array.from({ length: 10 }, (_, slot) => testEvent({ slot: `${700 + slot}`, revision: i + 1 }));
      await world.tell(...slots, testEvent({ tenant: 'acme2', revision: i + 1 }));
    }
    await vi.waitFor(() => expect(receiver.received).toHaveLength(30), WITHIN);
    // Eight slots at once, and no more of any before it is answered.
    expect(slow.received.length).toBeLessThanOrEqual(8);
    await slow.close();
  });

  it('go on where they were when a process ends in the middle, with nothing left out and each slot in order', async () => {
    await world.endpoint('acme', 'crm', receiver.url);
    const first = await world.records();
    const tell = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) await world.tell(testEvent({ slot: `${701 + (i % 3)}`, revision: i + 1 }));
    };
    await tell(0, 30);
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(5), WITHIN);
    await world.end(first);
    await tell(30, 60);
    await world.records();
    const all = (): Set<number> => new Set(receiver.received.map(({ event }) => event.revision));
    await vi.waitFor(() => expect(all().size).toBe(60), WITHIN);
    for (const slot of ['701', '702', '703']) {
      // Told anew from some place on, and from there in order.
      const firsts = [...new Set(receiver.revisions(slot))];
      expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    }
  });

  it('that are disabled, or changed, are so at once', async () => {
    await world.endpoint('acme', 'crm', receiver.url);
    await world.records();
    await world.tell(testEvent({ revision: 1 }));
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), WITHIN);
    await world.endpoint('acme', 'crm', receiver.url, { enabled: false });
    await world.tell(testEvent({ revision: 2 }));
    await vi.waitFor(async () => expect((await history())[0]?.revision).toBe(2), WITHIN);
    await world.endpoint('acme', 'crm', receiver.url);
    await world.tell(testEvent({ revision: 3 }));
    await vi.waitFor(() => expect(receiver.revisions('701')).toContain(3), WITHIN);
  });
});
