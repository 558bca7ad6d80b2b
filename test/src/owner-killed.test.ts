import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { type Park, type ParkRequest, Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { expect, it } from 'vitest';
import { failureOf, park, parkRequest, pick, retrieve, retrieveParkRequest } from './support/calls.js';
import { readEvents } from './support/event-log.js';
import { storedSlots } from './support/stored-slots.js';
import { withCluster } from './support/with-cluster.js';

const cluster = withCluster();

const CALLERS = 32;
const TENANTS = 12;
const ATTEMPTS = 20;
/** Parks acknowledged before the kill, and again after it. */
const LOAD = 400;

interface Acknowledged {
  readonly request: ParkRequest;
  readonly park: Park;
  /** The client that heard the answer. */
  readonly via: number;
}

it('keeps every acknowledged park when an owner is killed under load, and answers replays the same', async () => {
  const running = cluster();
  const { clients, nats, store } = running;
  const acknowledged: Acknowledged[] = [];
  const odd: unknown[] = [];
  let stopped = false;
  let retries = 0;

  /** Parks until acknowledged, always with the same request id, by turns through both gateways. */
  const parkAtLast = async (request: ParkRequest, n: number): Promise<void> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const via = (n + attempt) % clients.length;
      try {
        acknowledged.push({ request, park: await park(pick(clients, via), request, 3_000), via });
        return;
      } catch (error) {
        const { code, reason, message } = callFailure(error);
        retries++;
        if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) continue;
        odd.push({ code, reason: reason === undefined ? undefined : Reason[reason], message });
        return;
      }
    }
    odd.push(`never acknowledged: ${request.requestId}`);
  };
  const caller = async (own: number): Promise<void> => {
    for (let n = 0; !stopped; n++) {
      const request = parkRequest(`load-${own % TENANTS}`, `${own}-${n}`, `call-${own}-${n}`);
      await parkAtLast(request, own + n);
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, own) => caller(own));
  const grown = async (count: number): Promise<void> => {
    const untilMs = Date.now() + 30_000;
    while (acknowledged.length < count && Date.now() < untilMs) await delay(10);
  };
  await grown(LOAD);
  const before = acknowledged.length;
  await running.kill('owner-1', 'SIGKILL');
  await running.served();
  await grown(before + LOAD);
  stopped = true;
  await Promise.all(callers);
  process.stderr.write(`${before} acknowledged before the kill, ${acknowledged.length} in all, ${retries} retries\n`);
  expect(odd).toEqual([]);
  expect(acknowledged.length).toBeGreaterThanOrEqual(before + LOAD);

  // Nothing acknowledged is lost, nothing is there twice.
  const waiting = (await storedSlots(store)).flatMap(({ record }) => record.parks.map(({ parkId }) => parkId)).sort();
  expect(waiting).toEqual(acknowledged.map(({ park: { parkId } }) => parkId).sort());

  // The same request through the other gateway gets the same answer.
  await inTurns(acknowledged, async ({ request, park: first, via }) => {
    const again = await park(pick(clients, via + 1), request);
    expect([again.parkId, again.slot, again.revision]).toEqual([first.parkId, first.slot, first.revision]);
  });

  // Every one is retrievable, once, by one retriever.
  await inTurns(acknowledged, async ({ request: { tenantId, call }, park: { parkId } }, i) => {
    const taken = await retrieve(pick(clients, i), retrieveParkRequest(tenantId, parkId, `retriever-${i}`));
    expect(taken.call?.callId).toBe(call?.callId);
    const { reason } = await failureOf(retrieve(pick(clients, i + 1), retrieveParkRequest(tenantId, parkId, 'late')));
    expect(reason).toBe(Reason.PARK_ENDED);
  });

  const events = await readEvents(nats, 2 * acknowledged.length);
  const ids = new Set(events.map(({ event: { id } }) => id));
  expect([events.length, ids.size]).toEqual([2 * acknowledged.length, 2 * acknowledged.length]);
});

/** Each of them, 32 at a time. */
async function inTurns<T>(items: readonly T[], act: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) await act(item, i);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, worker));
}
