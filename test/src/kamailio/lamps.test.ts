import { callUnary } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { LAMPS_FEED } from '@parkade/presence';
import {
  MoveParkRequest,
  type Park,
  type ParkRequest,
  PresenceType,
  ReleaseCause,
  ReleaseRequest,
} from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import { connect } from 'nats';
import { describe, expect, it } from 'vitest';
import { CALL_MS, park, parkRequest, pick, requestId, retrieve, retrieveParkRequest } from '../support/calls.js';
import { type LampSlot, shows, SLOTS, subscribed, withLamps } from './lamps-world.js';
import type { Key, Phone } from './phone.js';

const CALLS = 200;
const world = withLamps();
const clock = new SystemClock();

/** How a call leaves its slot: of ten, six are fetched, two released, one is moved and then fetched, one stays too long. */
const WAYS = [
  'fetched',
  'released',
  'fetched',
  'moved',
  'fetched',
  'fetched',
  'released',
  'fetched',
  'fetched',
  'expired',
];

function at({ lot, slot }: LampSlot, callId: string, tenantId = 'acme'): ParkRequest {
  return { ...parkRequest(tenantId, slot, callId), target: { kind: { $case: 'slot', value: { lotId: lot, slot } } } };
}

function parkAt(slot: LampSlot, callId: string, tenantId?: string): Promise<Park> {
  return park(pick(world().cluster.clients, 0), at(slot, callId, tenantId));
}

async function fetch({ parkId }: Park, tenantId = 'acme'): Promise<void> {
  await retrieve(pick(world().cluster.clients, 0), retrieveParkRequest(tenantId, parkId, `phone of ${parkId}`));
}

async function release({ parkId }: Park): Promise<void> {
  const client = pick(world().cluster.clients, 1);
  const request = ReleaseRequest.fromPartial({
    requestId: requestId(),
    tenantId: 'acme',
    parkId,
    cause: ReleaseCause.ABANDONED,
  });
  await callUnary(client.release.bind(client), request, CALL_MS, clock);
}

async function move({ parkId }: Park, to: LampSlot): Promise<Park> {
  const client = pick(world().cluster.clients, 0);
  const request = MoveParkRequest.fromPartial({
    requestId: requestId(),
    tenantId: 'acme',
    parkId,
    slot: { lotId: to.lot, slot: to.slot },
  });
  const { park: moved } = await callUnary(client.movePark.bind(client), request, CALL_MS, clock);
  if (moved === undefined) throw new Error('the answer names no park');
  return moved;
}

/** Parks for a second at most; nobody fetches it. */
function staysTooLong(slot: LampSlot, callId: string): ParkRequest {
  const overrides = { presenceType: PresenceType.UNSPECIFIED, presenceId: '', maxPark: toDuration(1_000) };
  const [ringbackTimeout, callbackTimeout] = [toDuration(0), toDuration(1_000)];
  return { ...at(slot, callId), overrides: { ...overrides, ringbackTimeout, callbackTimeout } };
}

async function keysOf(phone: Phone, slots: readonly LampSlot[]): Promise<readonly Key[]> {
  return await Promise.all(slots.map(({ id }) => subscribed(phone, id)));
}

/** The parks that lit a key, in the order of its documents. */
function parksShown(key: Key): readonly string[] {
  const lit = key.documents.filter((document) => !document.includes('<state>terminated</state>'));
  return lit
    .map((document) => /<dialog id="([^"]+)"/.exec(document)?.[1] ?? '')
    .filter((id, i, all) => id !== all[i - 1]);
}

describe('a phone with lamp keys, at the Kamailio that is shipped', () => {
  it(`sees every change of its lamps in a day of ${CALLS} calls, in order (R19)`, async () => {
    const phone = await world().phone();
    const keys = await keysOf(phone, SLOTS);
    for (const key of keys) await shows(key, 'terminated');
    const lanes = SLOTS.length / 2;
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        // Each lane has a blinking slot and a steady one, and does one thing after another in them.
        const own = [pick(SLOTS, lane), pick(SLOTS, lane + lanes)];
        const ownKeys = [pick(keys, lane), pick(keys, lane + lanes)];
        const parks: string[][] = [[], []];
        for (let call = 0; call < CALLS / lanes; call++) {
          const [here, there] = [call % 2, (call + 1) % 2];
          const [slot, other] = [pick(own, here), pick(own, there)];
          const way = pick(WAYS, call + lane);
          const request = way === 'expired' ? staysTooLong : at;
          let stays = await park(pick(world().cluster.clients, call), request(slot, `call-${lane}-${call}`));
          pick(parks, here).push(stays.parkId);
          await shows(pick(ownKeys, here), slot.lit);
          if (way === 'moved') {
            stays = await move(stays, other);
            pick(parks, there).push(stays.parkId);
            await shows(pick(ownKeys, there), other.lit);
            await shows(pick(ownKeys, here), 'terminated');
          }
          if (way === 'released') await release(stays);
          else if (way !== 'expired') await fetch(stays);
          for (const key of ownKeys) await shows(key, 'terminated');
        }
        for (const [i, key] of ownKeys.entries()) expect(parksShown(key)).toEqual(pick(parks, i));
      }),
    );
    // The lamps went on and off by turns, and no document came too late to count.
    for (const key of keys) {
      expect(key.stale).toBe(0);
      expect(key.changes[0]).toBe('terminated');
      for (const [i, shown] of key.changes.entries()) expect(shown === 'terminated').toBe(i % 2 === 0);
    }
    expect(keys.flatMap(parksShown)).toHaveLength(CALLS + (CALLS * 1) / WAYS.length);
  }, 60_000);

  it("shows a late subscriber the lamp as it is at once, and no other tenant's", async () => {
    const slot = pick(SLOTS, 3);
    const early = await subscribed(await world().phone(), slot.id);
    const parked = await parkAt(slot, 'late');
    await shows(early, slot.lit);
    const late = await subscribed(await world().phone(), slot.id);
    await shows(late, slot.lit);
    expect(late.changes).toEqual([slot.lit]);
    expect(late.documents[0]).toContain('entity="sip:*3703@acme.example"');
    expect(late.documents[0]).toContain('caller of late');
    const elsewhere = await subscribed(await world().phone('globex.example'), slot.id);
    await shows(elsewhere, 'terminated');
    await fetch(parked);
    for (const key of [early, late]) await shows(key, 'terminated');
    expect(elsewhere.changes).toEqual(['terminated']);
  });

  it('goes on with its subscription when it refreshes it, and hears no more when it ends it', async () => {
    const slot = pick(SLOTS, 4);
    const key = await subscribed(await world().phone(), slot.id);
    await shows(key, 'terminated');
    expect(await key.refresh(600)).toBe(200);
    await expect.poll(() => key.documents.length, { timeout: 20_000 }).toBe(2);
    expect(key.stale).toBe(0);
    expect(await key.refresh(0)).toBe(200);
    await expect.poll(() => key.subscriptionState, { timeout: 20_000 }).toMatch(/^terminated/);
    const watching = await subscribed(await world().phone(), slot.id);
    const parked = await parkAt(slot, 'after the end');
    await shows(watching, slot.lit);
    expect(key.shown).toBe('terminated');
    await fetch(parked);
    await shows(watching, 'terminated');
  });
});

describe('messages of a feed', () => {
  it('change nothing where their revision is not higher than what is shown', async () => {
    const slot = pick(SLOTS, 9);
    const key = await subscribed(await world().phone(), slot.id);
    const first = await parkAt(slot, 'first');
    await shows(key, slot.lit);
    const lit = key.documents.at(-1);
    await fetch(first);
    await shows(key, 'terminated');
    const nats = await connect({ servers: world().cluster.nats });
    try {
      const of = { tenant: 'acme', slot: `${slot.lot}.${slot.slot}`, user: slot.id, host: '', tenant_host: 'acme' };
      const told = { feed: 'another', at: '1', after: '0', type: 'lamp', revision: 1, lit: 1, document: lit, ...of };
      nats.publish(LAMPS_FEED, JSON.stringify(told));
      await nats.flush();
      // The next change of the lamp comes after it.
      const second = await parkAt(slot, 'second');
      await expect.poll(() => key.documents.at(-1), { timeout: 20_000 }).toContain(second.parkId);
      expect(key.documents).toHaveLength(4);
      await fetch(second);
      await shows(key, 'terminated');
    } finally {
      await nats.close();
    }
  });
});

describe('lamps whose ids tenants choose', () => {
  const withId = (slot: LampSlot, presenceId: string, tenantId: string): Promise<Park> => {
    const presenceType = PresenceType.UNSPECIFIED;
    const none = { ringbackTimeout: undefined, callbackTimeout: undefined, maxPark: undefined };
    const request = at(slot, `call with ${presenceId} in ${slot.slot}`, tenantId);
    return park(pick(world().cluster.clients, 0), { ...request, overrides: { ...none, presenceType, presenceId } });
  };

  it("are lit at the domain they name where that is their tenant's, and nowhere where it is not", async () => {
    const [slot, other] = [pick(SLOTS, 5), pick(SLOTS, 6)];
    const here = await subscribed(await world().phone('eu.globex.example'), 'lobby');
    const sibling = await subscribed(await world().phone('globex.example'), 'lobby');
    const foreign = await subscribed(await world().phone('acme.example'), 'lobby');
    const intruding = await withId(slot, 'lobby@acme.example', 'globex');
    const parked = await withId(other, 'lobby@eu.globex.example', 'globex');
    await shows(here, 'early');
    await fetch(intruding, 'globex');
    await fetch(parked, 'globex');
    await shows(here, 'terminated');
    expect(sibling.changes).toEqual(['terminated']);
    expect(foreign.changes).toEqual(['terminated']);
  });

  it('are dark when none of the slots lights them that did, and when a slot lights another', async () => {
    const slots = [pick(SLOTS, 7), pick(SLOTS, 8)];
    const phone = await world().phone();
    const odd = `it's"50%"#1`;
    const both = await subscribed(phone, 'door');
    const another = await subscribed(phone, encodeURIComponent(odd));
    const parked = await Promise.all(slots.map((slot) => withId(slot, 'door', 'acme')));
    await expect.poll(() => both.documents.at(-1)?.match(/<dialog /g)?.length, { timeout: 20_000 }).toBe(2);
    await fetch(pick(parked, 0));
    await expect.poll(() => both.documents.at(-1)?.match(/<dialog /g)?.length, { timeout: 20_000 }).toBe(1);
    expect(both.shown).toBe('early');
    await fetch(pick(parked, 1));
    await shows(both, 'terminated');
    expect(both.changes).toEqual(['terminated', 'early', 'terminated']);
    const last = await withId(pick(slots, 0), odd, 'acme');
    await shows(another, 'early');
    await fetch(last);
    await shows(another, 'terminated');
  });
});

describe('a subscription is refused', () => {
  it('without a name, with a wrong password, with the name of another domain, and at a domain nobody has', async () => {
    const phone = await world().phone();
    expect(await phone.subscribe('*3700', { domain: 'globex.example' })).toBe(401);
    expect(await phone.subscribe('*3700', { domain: 'nobody.example' })).toBe(404);
    expect(await phone.request('SUBSCRIBE', 'sip:*3700@acme.example', ['Event: dialog', 'Expires: 60'])).toBe(401);
    expect(await phone.request('SUBSCRIBE', 'sip:*3700@acme.example', ['Event: presence', 'Expires: 60'])).toBe(489);
  });

  it('not where the network of its sender is believed; there nobody is asked for a name', async () => {
    const { kamailio } = world();
    const phone = await world().phone('globex.example');
    kamailio.sql("INSERT INTO network VALUES ('192.0.2.0/24'), ('127.0.0.0/8')");
    try {
      const key = await phone.subscribe('*3700', { domain: 'acme.example' });
      if (typeof key === 'number') throw new Error(`refused with ${key}`);
      await shows(key, 'terminated');
    } finally {
      kamailio.sql('DELETE FROM network');
    }
  });

  it('and nothing is published over SIP', async () => {
    const phone = await world().phone();
    expect(await phone.request('PUBLISH', 'sip:*3700@acme.example', ['Event: dialog', 'Expires: 60'])).toBe(405);
    expect(await phone.request('INVITE', 'sip:*3700@acme.example')).toBe(405);
  });
});
