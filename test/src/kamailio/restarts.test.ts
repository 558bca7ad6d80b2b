import type { Park } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { park, parkRequest, pick, retrieve, retrieveParkRequest } from '../support/calls.js';
import { shows, SLOTS, subscribed, withLamps } from './lamps-world.js';
import type { Key } from './phone.js';

const world = withLamps();
const parked = new Map<string, Park>();
let round = 0;

/** In every other slot, changing with each round: a call comes where there was none, and goes where there was one. */
async function comeAndGo(): Promise<void> {
  round += 1;
  const clients = world().cluster.clients;
  await Promise.all(
    SLOTS.map(async ({ lot, slot }, i) => {
      if ((i + round) % 2 !== 0) return;
      const there = parked.get(slot);
      if (there === undefined) {
        const target = { kind: { $case: 'slot', value: { lotId: lot, slot } } } as const;
        const request = { ...parkRequest('acme', slot, `call-${round}-${slot}`), target };
        parked.set(slot, await park(pick(clients, 1), request));
      } else {
        await retrieve(pick(clients, 1), retrieveParkRequest('acme', there.parkId, `phone-${round}-${slot}`));
        parked.delete(slot);
      }
    }),
  );
}

async function right(keys: readonly Key[]): Promise<void> {
  for (const [i, key] of keys.entries()) {
    const { slot, lit } = pick(SLOTS, i);
    await shows(key, parked.has(slot) ? lit : 'terminated');
  }
}

describe("a phone's lamps are right again, on the subscriptions it has,", () => {
  let keys: readonly Key[] = [];

  it('when it subscribed before any of them was lit', async () => {
    const phone = await world().phone();
    keys = await Promise.all(SLOTS.map(({ id }) => subscribed(phone, id)));
    await comeAndGo();
    await comeAndGo();
    await right(keys);
  });

  it('after Kamailio was killed and lamps changed meanwhile', async () => {
    const { kamailio } = world();
    await kamailio.kill();
    await comeAndGo();
    await kamailio.start();
    await right(keys);
    await comeAndGo();
    await right(keys);
  });

  it('after the feed was killed and lamps changed meanwhile', async () => {
    await world().killFeed();
    await comeAndGo();
    await world().startFeed();
    await right(keys);
  });

  it('after an owner was killed', async () => {
    const { cluster } = world();
    await cluster.kill('owner-1', 'SIGKILL');
    await comeAndGo();
    await cluster.served();
    await comeAndGo();
    await right(keys);
  });

  it('after a gateway was killed', async () => {
    await world().cluster.kill('gateway-1', 'SIGKILL');
    await comeAndGo();
    await right(keys);
  });

  it('after NATS was killed and lamps changed meanwhile', async () => {
    const { natsServer } = world().cluster;
    await natsServer.kill('SIGKILL');
    await comeAndGo();
    await natsServer.restart();
    await right(keys);
    await comeAndGo();
    await right(keys);
  });

  it('after NATS lost all it had', async () => {
    const { natsServer } = world().cluster;
    await natsServer.kill('SIGKILL');
    await comeAndGo();
    await natsServer.restart({ wipe: true });
    await right(keys);
    await comeAndGo();
    await right(keys);
  });

  it('after etcd was killed', async () => {
    const { cluster } = world();
    await cluster.etcdServer.kill('SIGKILL');
    await cluster.etcdServer.restart();
    await cluster.served();
    await comeAndGo();
    await right(keys);
  });

  it('after Kamailio lost its database of lamps, and a slot that nobody tells of any more is dark', async () => {
    const { kamailio } = world();
    await comeAndGo();
    await right(keys);
    await kamailio.kill();
    // One lamp is lost; another stands there that the cluster has never heard of.
    const [lost] = SLOTS.filter(({ slot }) => parked.has(slot));
    if (lost === undefined) throw new Error('no lamp is lit');
    const key = await ghostSubscriber();
    kamailio.sql(`UPDATE lamp SET slot = 'ghost.1', user = 'ghost', seen = 0 WHERE slot = '${lost.lot}.${lost.slot}';`);
    await kamailio.start();
    await right(keys);
    // The key was dark when it subscribed, so its darkness alone says nothing: the row has to go, once the whole replay is read.
    const ghosts = (): string => kamailio.sql("SELECT count(*) FROM lamp WHERE user = 'ghost'").trim();
    await expect.poll(ghosts, { timeout: 20_000 }).toBe('0');
    await shows(key, 'terminated');
  });
});

/** A phone that has seen the lamp `ghost` lit, as far as Kamailio knows. */
async function ghostSubscriber(): Promise<Key> {
  const { kamailio } = world();
  await kamailio.start();
  const key = await subscribed(await world().phone(), 'ghost');
  await kamailio.kill();
  return key;
}
