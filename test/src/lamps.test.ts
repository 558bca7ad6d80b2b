import { type Bus, openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import type { Park } from '@parkade/proto';
import { presenceSubject, type PresenceMessage, STREAMS, tenantPresencePattern } from '@parkade/presence';
import { afterEach, expect, it } from 'vitest';
import { park, parkRequest, pick, retrieve, retrieveParkRequest } from './support/calls.js';
import { withCluster } from './support/with-cluster.js';

const TENANT = 'lamps';
const SLOTS = Array.from({ length: 30 }, (_, i) => `7${String(i).padStart(2, '0')}`);
const cluster = withCluster();
const buses: Bus[] = [];

afterEach(async () => {
  for (const bus of buses.splice(0)) await bus.close();
});

async function newBus(): Promise<Bus> {
  const bus = openBus(cluster().nats, { clock: new SystemClock(), random: new SystemRandom() });
  buses.push(bus);
  await bus.ensureStreams(STREAMS);
  return bus;
}

/** What the lamps of the slots show to somebody who asks now. */
async function shown(bus: Bus): Promise<Record<string, string>> {
  const states = await Promise.all(
    SLOTS.map(async (slot) => {
      const message = await bus
        .last(presenceSubject({ tenantId: TENANT, lotId: 'default', slot }))
        .catch(() => undefined);
      return [slot, message === undefined ? 'never lit' : read(message.payload).state] as const;
    }),
  );
  return Object.fromEntries(states);
}

function read(payload: Uint8Array): PresenceMessage {
  return JSON.parse(Buffer.from(payload).toString('utf8')) as PresenceMessage;
}

async function expectLamps(bus: Bus, parked: ReadonlyMap<string, Park>): Promise<void> {
  const wanted = Object.fromEntries(SLOTS.map((slot) => [slot, parked.has(slot) ? 'early' : 'terminated']));
  await expect.poll(() => shown(bus), { timeout: 20_000, interval: 50 }).toEqual(wanted);
}

it('end up as the slots are: after calls come and go, an owner is killed, NATS restarts, and NATS loses everything (R19)', async () => {
  const running = cluster();
  const { clients, natsServer } = running;
  const parked = new Map<string, Park>();
  const comeAndGo = async (round: number): Promise<void> => {
    await Promise.all(
      SLOTS.map(async (slot, i) => {
        const there = parked.get(slot);
        if (there === undefined) {
          parked.set(slot, await park(pick(clients, i), parkRequest(TENANT, slot, `call-${round}-${slot}`)));
        } else if ((i + round) % 3 !== 0) {
          await retrieve(pick(clients, i), retrieveParkRequest(TENANT, there.parkId, `phone-${round}-${slot}`));
          parked.delete(slot);
        }
      }),
    );
  };
  const bus = await newBus();
  for (let round = 0; round < 6; round++) await comeAndGo(round);
  await expectLamps(bus, parked);

  await running.kill('owner-2', 'SIGKILL');
  for (let round = 6; round < 9; round++) await comeAndGo(round);
  await running.served();
  await expectLamps(bus, parked);

  await natsServer.kill('SIGKILL');
  for (let round = 9; round < 12; round++) await comeAndGo(round);
  await natsServer.restart();
  await expectLamps(bus, parked);

  await natsServer.restart({ wipe: true });
  const late = await newBus();
  await expectLamps(late, parked);

  // A late subscriber hears of every slot, with a document of the same state.
  const heard = new Map<string, PresenceMessage>();
  const subscription = await late.subscribe(tenantPresencePattern(TENANT), { replay: 'last' }, ({ payload }) => {
    const message = read(payload);
    heard.set(message.slot, message);
  });
  await expect.poll(() => heard.size, { timeout: 10_000 }).toBe(SLOTS.length);
  await subscription.close();
  for (const [slot, message] of heard) {
    expect(message).toMatchObject({ state: parked.has(slot) ? 'early' : 'terminated', presence_id: `*3${slot}` });
    expect(message.document).toContain(`<state>${message.state}</state>`);
    expect(message.version).toBeGreaterThan(0);
  }
});
