import { keys } from '@parkade/ids';
import { encodeMessage, type EventMessage } from '@parkade/presence';
import {
  type AuditRecord,
  deadLetterSubject,
  type Endpoint,
  historySubject,
  outboxRecord,
  putDeadLetter,
  secretsAt,
  withEvent,
} from '@parkade/records';
import { testEvent } from '@parkade/records/testing';
import { prefixRange } from '@parkade/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RestBed } from '../testing/rest-bed.testing.js';

let bed: RestBed;
beforeAll(async () => {
  bed = await RestBed.start();
});
afterAll(() => bed.close());

const HOOK = { url: 'https://hooks.example.com/parks', kinds: ['parked'], enabled: true };

/** What waits to be moved to the audit of the tenant. */
async function audited(): Promise<readonly AuditRecord[]> {
  const { kvs } = await bed.store.range(prefixRange(keys.tenantAudit('acme')));
  return kvs.flatMap((kv) => outboxRecord(kv) ?? []);
}

async function lived(event: EventMessage): Promise<void> {
  const { tenant, park_id: parkId } = event;
  const { call_id: callId = '', caller_number: callerNumber = '' } = event.call ?? {};
  const life = withEvent(undefined, event);
  const subject = historySubject({ tenant, callerNumber, callId, parkId });
  await bed.bus.publishLast(subject, encodeMessage(life), { version: life.revision });
}

describe('the audit of changes', () => {
  it('has a record of each, written with it: who, from where, what, of which revision, and nothing of what is in it', async () => {
    const put = await bed.post('/webhooks/crm', { ...HOOK, secret: `whsec_${'A'.repeat(43)}=` });
    const again = await bed.post('/webhooks/crm', { ...HOOK, enabled: false });
    await bed.post('/webhooks/crm/destroy');
    const records = (await audited()).filter(({ things }) => things.includes('webhooks/crm'));
    const revision = (answer: { headers: Headers }): number =>
      Number(/\d+/.exec(answer.headers.get('etag') ?? '')?.[0]);
    expect(records.map(({ operation, principal }) => [operation, principal])).toEqual([
      ['putWebhook', 'admin'],
      ['putWebhook', 'admin'],
      ['deleteWebhook', 'admin'],
    ]);
    expect(records.map(({ revision_before: before }) => before)).toEqual([0, revision(put), revision(again)]);
    expect(records[0]?.revision_after).toBe(revision(put));
    expect(records[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.stringify(records)).not.toMatch(/whsec_|hooks\.example/);
  });

  it('a webhook’s secret is made anew on demand, and told once; the one before stays for a day', async () => {
    const made = (await bed.post('/webhooks/turned', HOOK)).json as { secret?: string };
    const kept = (await bed.post('/webhooks/turned', HOOK)).json as { secret?: string };
    const turned = (await bed.post('/webhooks/turned', { ...HOOK, rotate_secret: true })).json as { secret?: string };
    expect([kept.secret, turned.secret === made.secret]).toEqual([undefined, false]);
    const stored = await bed.store.get(keys.webhook('acme', 'turned'));
    const endpoint = JSON.parse(Buffer.from(stored?.value ?? []).toString()) as Endpoint;
    expect(secretsAt(endpoint, Date.now())).toEqual([turned.secret, made.secret]);
    expect(secretsAt(endpoint, Date.now() + 86_400_001)).toEqual([turned.secret]);
    const both = await bed.post('/webhooks/turned', { ...HOOK, rotate_secret: true, secret: made.secret });
    expect((both.json as { reason: string }).reason).toBe('INVALID_FIELD');
  });

  it('has none where nothing was changed', async () => {
    const before = await audited();
    const refusedBy = await bed.post('/webhooks/crm', { ...HOOK, url: 'ftp://x/' });
    const stale = await bed.post(
      '/lots/default',
      { ranges: [{ first: '701', last: '709' }] },
      { headers: { 'if-match': '"999999"' } },
    );
    expect([refusedBy.status, stale.status]).toEqual([400, 412]);
    await bed.ask('/call_park_groups');
    expect(await audited()).toEqual(before);
  });

  it('has one of every other change of a tenant, whichever way it is made', async () => {
    const group = await bed.group('Audited');
    await bed.post(`/call_park_groups/${group}`, { enabled: false });
    await bed.post('/lots/audited', { ranges: [{ first: '9001', last: '9009' }] });
    await bed.post('/users', { name: 'ada', extension_number: '4711' });
    await bed.post('/feature_codes', { auto: '*37' });
    const operations = (await audited()).map(({ operation, things }) => `${operation} ${things[0] ?? ''}`);
    expect(operations).toEqual(
      expect.arrayContaining([
        `createCallParkGroup groups/${group}`,
        `updateCallParkGroup groups/${group}`,
        'putLot lots/audited',
        'createUser users/4711',
      ]),
    );
    expect(operations.some((operation) => /settings$/.test(operation))).toBe(true);
  });
});

describe('/webhooks', () => {
  it('tells a secret it made once, and never again', async () => {
    const made = await bed.post('/webhooks/told', HOOK);
    expect(made.json).toMatchObject({ ...HOOK, id: 'told', secret: expect.stringMatching(/^whsec_/) as string });
    for (const answer of [
      await bed.ask('/webhooks/told'),
      await bed.ask('/webhooks'),
      await bed.post('/webhooks/told', HOOK),
    ]) {
      expect([answer.status, answer.text.includes('whsec_')]).toEqual([200, false]);
    }
  });

  it.each([
    ['a scheme', { url: 'ftp://example.com/' }],
    ['a password', { url: 'https://a:b@example.com/' }],
    ['no URL', { url: 'example.com' }],
    ['a kind that is none', { ...HOOK, kinds: ['sold'] }],
    ['a secret that is too short', { ...HOOK, secret: 'whsec_AAAA' }],
  ])('refuses %s', async (_what, body) => {
    expect(await bed.post('/webhooks/bad', body)).toMatchObject({ status: 400, json: { reason: 'INVALID_FIELD' } });
    expect((await bed.ask('/webhooks/bad')).json).toMatchObject({ reason: 'WEBHOOK_NOT_FOUND' });
  });

  it('lists what was not taken, and has it delivered again', async () => {
    await bed.post('/webhooks/dead', HOOK);
    const stored = await bed.store.get(keys.webhook('acme', 'dead'));
    const { key } = JSON.parse(Buffer.from(stored?.value ?? []).toString()) as { key: string };
    const name = { tenant: 'acme', id: 'dead', key };
    const letter = { n: 0, event: testEvent(), at_ms: 5, attempts: 8, error: 'answered 500', replayed: false };
    await putDeadLetter(bed.bus, name, letter);
    expect((await bed.ask('/webhooks/dead/dead_letters')).json).toEqual({ items: [letter] });
    expect((await bed.post('/webhooks/dead/replay', { numbers: [7] })).json).toEqual({ replayed: 0 });
    expect((await bed.post('/webhooks/dead/replay')).json).toEqual({ replayed: 1 });
    expect((await bed.ask('/webhooks/dead/dead_letters')).json).toEqual({ items: [] });
    expect((await bed.bus.last(deadLetterSubject(name, 0)))?.payload.byteLength).toBeGreaterThan(0);
    expect((await bed.ask('/webhooks/none/dead_letters')).status).toBe(404);
  });
});

describe('/park_history', () => {
  it('finds parks by call, number and time, page by page, of the own tenant alone', async () => {
    for (const [parkId, atMs] of [
      ['h1', 1_000],
      ['h2', 2_000],
      ['h3', 3_000],
    ] as const) {
      await lived(testEvent({ park_id: parkId, at_ms: atMs }));
    }
    await lived(testEvent({ tenant: 'other', park_id: 'h4' }));
    const found = async (query: string, token = 'admin'): Promise<readonly string[]> => {
      const { json } = await bed.ask(`/park_history${query}`, { token });
      return (json as { items: readonly { park_id: string }[] }).items.map(({ park_id }) => park_id);
    };
    expect(await found('')).toEqual(['h1', 'h2', 'h3']);
    expect(await found('?call_id=call-1&from=1970-01-01T00:00:02Z', 'viewer')).toEqual(['h2', 'h3']);
    expect(await found('?caller_number=%2B0')).toEqual([]);
    const first = await bed.ask('/park_history?top=2');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect(await found(next.replace('/api/park_history', ''))).toEqual(['h3']);
    expect((await bed.ask('/park_history', { token: 'other' })).status).toBe(404);
    expect((await bed.ask('/park_history', { token: 'seller' })).status).toBe(403);
    expect((await bed.ask('/audit_records', { token: 'viewer' })).status).toBe(403);
    expect((await bed.ask('/park_history?after=nonsense')).status).toBe(400);
  });
});
