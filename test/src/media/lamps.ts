import { type Bus, openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { ALL_PRESENCE, type PresenceMessage, STREAMS } from '@parkade/presence';

/** Every lamp as the presence stream shows it: the highest version of each slot. */
export class Lamps {
  readonly #slots = new Map<string, PresenceMessage>();

  private constructor(private readonly bus: Bus) {}

  static async watch(nats: string): Promise<Lamps> {
    const bus = openBus(nats, { clock: new SystemClock(), random: new SystemRandom() });
    await bus.ensureStreams(STREAMS);
    const lamps = new Lamps(bus);
    await bus.subscribe(ALL_PRESENCE, { replay: 'last' }, ({ payload }) => {
      const message = JSON.parse(Buffer.from(payload).toString('utf8')) as PresenceMessage;
      const key = `${message.tenant}/${message.lot}/${message.slot}`;
      if ((lamps.#slots.get(key)?.version ?? 0) <= message.version) lamps.#slots.set(key, message);
    });
    return lamps;
  }

  /** What the lamp of a slot shows; undefined: it was never lit. */
  state(slot: string, tenant = 'acme', lot = 'default'): string | undefined {
    return this.#slots.get(`${tenant}/${lot}/${slot}`)?.state;
  }

  /** The slots whose lamps are lit. */
  lit(): readonly string[] {
    return [...this.#slots].flatMap(([key, { state }]) => (state === 'terminated' ? [] : [key]));
  }

  close(): Promise<void> {
    return this.bus.close();
  }
}
