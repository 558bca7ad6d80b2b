import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type CliProcess, startCli } from '../support/process.js';
import { ha1 } from './digest.js';
import { type RunningKamailio, startKamailio } from './kamailio.js';
import { type Key, Phone, type Shown } from './phone.js';

/** Ten slots whose lamps blink while a call waits, and ten whose lamps are steady. */
export const SLOTS = [...slots('blinking', 7), ...slots('steady', 8)];

export interface LampSlot {
  readonly lot: string;
  readonly slot: string;
  /** What a phone subscribes to. */
  readonly id: string;
  readonly lit: Shown;
}

function slots(lot: 'blinking' | 'steady', first: number): readonly LampSlot[] {
  const lit = lot === 'blinking' ? 'early' : 'confirmed';
  return Array.from({ length: 10 }, (_, i) => ({ lot, slot: `${first}0${i}`, id: `*3${first}0${i}`, lit }));
}

const LOTS = {
  default: { any_slot: true },
  blinking: { any_slot: true },
  steady: { any_slot: true, presence_type: 'confirmed' },
};

/** A cluster of real processes with a feed and the shipped Kamailio; `acme` has one SIP domain, `globex` two. */
export interface LampsWorld {
  readonly cluster: Cluster;
  readonly kamailio: RunningKamailio;
  /** Ends the feed; `startFeed` starts another one. */
  killFeed(): Promise<void>;
  startFeed(): Promise<void>;
  phone(domain?: string): Promise<Phone>;
}

/** The world for all tests of a file; what its processes said is printed when a test fails. */
export function withLamps(): () => LampsWorld {
  let world: (LampsWorld & { readonly logs: () => string; readonly stop: () => Promise<void> }) | undefined;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world?.stop();
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => void process.stderr.write(`${world?.logs() ?? 'no world'}\n`));
  });
  return () => {
    if (world === undefined) throw new Error('the world has not started');
    return world;
  };
}

async function startWorld() {
  const cluster = await startCluster({
    owners: 2,
    gateways: 2,
    shards: 16,
    autoTenants: false,
    settings: { tenants: { acme: { lots: LOTS }, globex: { lots: LOTS } } },
  });
  const phones: Phone[] = [];
  let feed: CliProcess | undefined;
  let kamailio: RunningKamailio | undefined;
  const recall = startCli('recall', ['recall', '--etcd', cluster.etcd, '--shards', '16', '--lease-ttl', '2s']);
  const end = async (child: CliProcess | undefined): Promise<void> => {
    child?.signal('SIGKILL');
    await child?.ended();
  };
  const stop = async (): Promise<void> => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await end(feed);
    await end(recall);
    await cluster.stop();
  };
  try {
    const startFeed = async (): Promise<void> => {
      feed = startCli('feed', ['lamps-feed', '--nats', cluster.nats]);
      await feed.printed(/^listening on/m);
    };
    const [started] = await Promise.all([startKamailio(cluster.nats), startFeed(), recall.printed(/^listening on/m)]);
    kamailio = started;
    started.sql(
      [
        ['acme.example', 'acme'],
        ['globex.example', 'globex'],
        ['eu.globex.example', 'globex'],
      ]
        .map(
          ([domain = '', tenant = '']) =>
            `INSERT INTO domain VALUES ('${domain}', '${tenant}');
             INSERT INTO subscriber (username, domain, ha1) VALUES ('100', '${domain}', '${ha1('100', domain, passwordAt(domain))}');`,
        )
        .join('\n'),
    );
    return {
      cluster,
      kamailio: started,
      killFeed: () => end(feed),
      startFeed,
      phone: async (domain = 'acme.example') => {
        const phone = await Phone.open({ port: started.port, domain, user: '100', password: passwordAt(domain) });
        phones.push(phone);
        return phone;
      },
      logs: () => `${cluster.logs()}\n--- kamailio\n${started.log().slice(-10_000)}\n--- feed\n${feed?.stderr() ?? ''}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Everywhere there is a 100; each has a password of its own. */
function passwordAt(domain: string): string {
  return `secret of ${domain}`;
}

/** Subscribes; throws where that is refused. */
export async function subscribed(phone: Phone, id: string): Promise<Key> {
  const key = await phone.subscribe(id);
  if (typeof key === 'number') throw new Error(`SUBSCRIBE to ${id} was refused with ${key}`);
  return key;
}

/** Waits until the key shows it, as long as a busy machine may take. */
export async function shows(key: Key, shown: Shown): Promise<void> {
  await expect.poll(() => key.shown, { timeout: 30_000, interval: 5 }).toBe(shown);
}
