import { type Habit, type MediaPort, MediaSimulator } from '@parkade/recall';
import { Host } from './host.js';
import { TENANT } from './names.js';
import type { Scheduler } from './scheduler.js';
import type { World } from './world.js';

const MIN_MS = 0.3;
const MAX_MS = 3;

/** The parkers' phones: extensions, each with the contacts it is registered at. */
export const PARKERS = ['1001', '1002', '1003'] as const;

/** What phones do when they ring; undefined: they ring until they are stopped. */
const HABITS: readonly (Habit | undefined)[] = [
  { news: 'answered', afterMs: 800 },
  { news: 'answered', afterMs: 0 },
  { news: 'busy', afterMs: 20 },
  { news: 'hung-up', afterMs: 1_500 },
  undefined,
];

/**
 * Phones and parked calls, as recall processes reach them: the simulator of production's media port, each process behind a way of
 * its own.
 *
 *   P1. What is asked takes effect at one moment after it was asked, or never; where no answer comes the process hears nothing in
 *       time. A dead process hears nothing.
 */
export class Phones {
  readonly media: MediaSimulator;
  readonly #scheduler: Scheduler;

  constructor(private readonly world: World) {
    this.#scheduler = world.scheduler;
    const host = new Host('phones', world.scheduler);
    this.media = new MediaSimulator(host.clock);
    this.media.onDeed = (deed) => world.trace.say('phones', JSON.stringify(deed));
    for (const extension of PARKERS) this.#register(extension);
  }

  /** What the phones do from now on. */
  change(): void {
    for (const extension of PARKERS) this.#register(extension);
  }

  #register(extension: string): void {
    const { random } = this.#scheduler;
    const habits: Record<string, Habit> = {};
    for (const contact of [`${extension}-desk`, `${extension}-soft`]) {
      const habit = HABITS[Math.floor(random.next() * HABITS.length)];
      if (habit !== undefined) habits[contact] = habit;
    }
    this.media.register(TENANT, extension, [`${extension}-desk`, `${extension}-soft`], habits);
  }

  /** The port of one process. */
  reachedFrom(host: Host): MediaPort {
    const { media } = this;
    const scheduler = this.#scheduler;
    const { links } = this.world.network;
    const way = (): number => MIN_MS + scheduler.random.next() * (MAX_MS - MIN_MS);
    const cut = (): boolean => links.blocked(host.name, 'phones');
    const tell = (act: () => void): void =>
      void scheduler.after(way(), undefined, () => {
        if (!cut()) act();
      });
    const ask = <T>(act: () => Promise<T>, limitMs: number): Promise<T> =>
      new Promise((resolve, reject) => {
        const limit = host.after(limitMs, () => reject(new Error('the phones did not answer in time')));
        tell(() => {
          void act().then((result) => {
            if (cut()) return;
            scheduler.after(way(), host, () => {
              limit.cancel();
              resolve(result);
            });
          });
        });
      });
    return {
      contacts: (user, timeoutMs) => ask(() => media.contacts(user), timeoutMs),
      ring: (request) => tell(() => media.ring(request)),
      cancel: (leg, cause) => tell(() => media.cancel(leg, cause)),
      exists: (leg) => ask(() => media.exists(leg), LIMIT_MS).catch(() => 'unknown'),
      connect: (leg, call) => ask(() => media.connect(leg, call), LIMIT_MS),
      transfer: (park, call, exit) => ask(() => media.transfer(park, call, exit), LIMIT_MS),
      hold: (call) => tell(() => media.hold(call)),
      hangup: (park, call) => tell(() => media.hangup(park, call)),
      onLeg: (listener) => {
        const end = media.onLeg((legId, news) => void scheduler.after(way(), host, () => listener(legId, news)));
        host.onDeath.add(end);
        return end;
      },
    };
  }
}

const LIMIT_MS = 4_000;
