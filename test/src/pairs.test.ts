import type { Park } from '@parkade/proto';
import { expect, it } from 'vitest';
import { CALL_MS, park, parkRequest, pick, retrieve, retrieveParkRequest, retrieveRequest } from './support/calls.js';
import { CommandStream } from './support/command-stream.js';
import { readEvents } from './support/event-log.js';
import { storedSlots } from './support/stored-slots.js';
import { withCluster } from './support/with-cluster.js';

const cluster = withCluster();

const PAIRS = 20_000;
const TENANTS = 50;
/** Callers at a time in each tenant, each with one pair after the other. */
const CALLERS = 10;
/** One pair in so many goes by unary calls, the others on the `Commands` streams. */
const UNARY_EVERY = 10;

it('loses and doubles nothing in 20,000 pairs of park and retrieve over 50 tenants', { timeout: 240_000 }, async () => {
  const { clients, store, nats } = cluster();
  const streams = clients.map((client) => new CommandStream(client));

  const parkPair = async (tenantId: string, slot: string | undefined, n: number): Promise<Park> => {
    const request = parkRequest(tenantId, slot, `call-${n}`);
    if (n % UNARY_EVERY === 0) return park(pick(clients, n / UNARY_EVERY), request);
    const answer = await pick(streams, n).send({ $case: 'park', value: request }, CALL_MS);
    if (answer.$case !== 'park' || answer.value.park === undefined) throw new Error(JSON.stringify(answer));
    return answer.value.park;
  };
  const retrievePair = async (parked: Park, byId: boolean, n: number): Promise<Park> => {
    const { tenantId, slot, parkId } = parked;
    const by = `retriever-${n}`;
    const request = byId ? retrieveParkRequest(tenantId, parkId, by) : retrieveRequest(tenantId, slot, by);
    // The other gateway than the one that parked.
    if (n % UNARY_EVERY === 0) return retrieve(pick(clients, n / UNARY_EVERY + 1), request);
    const answer = await pick(streams, n + 1).send({ $case: 'retrieve', value: request }, CALL_MS);
    if (answer.$case !== 'retrieve' || answer.value.park === undefined) throw new Error(JSON.stringify(answer));
    return answer.value.park;
  };

  const held = new Set<string>();
  const done = new Map<string, string>();
  const caller = async (tenantId: string, own: number, first: number, count: number): Promise<void> => {
    for (let n = first; n < first + count; n++) {
      // Half in a numbered slot of the caller's own, half in any free one.
      const parked = await parkPair(tenantId, n % 2 === 0 ? String(2_000 + own) : undefined, n);
      const place = `${tenantId}/${parked.slot}`;
      expect(held.has(place), `two calls at once in ${place}`).toBe(false);
      held.add(place);
      expect(parked.call?.callId).toBe(`call-${n}`);
      held.delete(place);
      const taken = await retrievePair(parked, n % 3 === 0, n);
      expect([taken.parkId, taken.call?.callId]).toEqual([parked.parkId, `call-${n}`]);
      expect(done.has(parked.parkId), `park id ${parked.parkId} twice`).toBe(false);
      done.set(parked.parkId, `retriever-${n}`);
    }
  };
  const each = PAIRS / TENANTS / CALLERS;
  const callers = Array.from({ length: TENANTS * CALLERS }, (_, i) =>
    caller(`tenant-${i % TENANTS}`, Math.floor(i / TENANTS), i * each, each),
  );
  const fromMs = Date.now();
  await Promise.all(callers);
  process.stderr.write(`${PAIRS} pairs in ${Date.now() - fromMs} ms\n`);
  for (const stream of streams) stream.close();
  expect(done.size).toBe(PAIRS);

  // The store: every slot is free again.
  const slots = await storedSlots(store);
  expect(slots.filter(({ record }) => record.parks.length > 0)).toEqual([]);

  // The event stream: exactly one id a transition, in order in each slot, and each park ended by its own retriever.
  const events = await readEvents(nats, 2 * PAIRS);
  const ids = new Set(events.map(({ event }) => event.id));
  expect([events.length, ids.size]).toEqual([2 * PAIRS, 2 * PAIRS]);
  const last = new Map<string, (typeof events)[number]['event']>();
  for (const { event } of events) {
    const key = `${event.tenant}/${event.lot}/${event.slot}`;
    const before = last.get(key);
    last.set(key, event);
    if (event.kind === 'parked') {
      expect(before?.kind ?? 'retrieved').toBe('retrieved');
    } else {
      expect([event.kind, event.park_id]).toEqual(['retrieved', before?.park_id]);
      expect(event.retriever?.call_id).toBe(done.get(event.park_id));
    }
    expect(event.revision).toBeGreaterThan(before?.revision ?? 0);
  }
  const stored = new Map(
    slots.map(({ tenantId, lotId, slot, revision }) => [`${tenantId}/${lotId}/${slot}`, revision]),
  );
  expect(new Map([...last].map(([key, { revision }]) => [key, revision]))).toEqual(stored);
});
