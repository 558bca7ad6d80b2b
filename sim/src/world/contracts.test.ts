import { EmbeddedBroker } from '@parkade/bus';
import { busContract } from '@parkade/bus/contract';
import { openEmbeddedStore } from '@parkade/store';
import { storeContract } from '@parkade/store/contract';
import { Host, START_WALL_MS } from './host.js';
import { Scheduler } from './scheduler.js';
import { SimBus } from './sim-bus.js';
import { SimStore } from './sim-store.js';

/** Simulated time that goes on by itself while somebody waits, a little at a time, and by as much as it is told. */
class LiveScheduler extends Scheduler {
  readonly #over = new AbortController();

  constructor() {
    super(1);
    void this.#flow();
  }

  pass(ms: number): Promise<void> {
    return this.wait(ms);
  }

  end(): void {
    this.#over.abort();
  }

  async #flow(): Promise<void> {
    while (!this.#over.signal.aborted) await this.run(this.wait(0.1));
  }
}

storeContract('a host’s way to the store of a simulation', async () => {
  const scheduler = new LiveScheduler();
  const host = new Host('host', scheduler);
  const inner = await openEmbeddedStore({ clock: new Host('store', scheduler).clock });
  const store = new SimStore(inner, host, scheduler);
  return {
    store,
    passTime: (ms) => scheduler.pass(ms),
    dispose: async () => {
      await store.close();
      await inner.close();
      scheduler.end();
    },
  };
});

busContract('a host’s way to the bus of a simulation', () => {
  const scheduler = new LiveScheduler();
  const broker = new EmbeddedBroker(new Host('bus', scheduler).clock);
  const open = (name: string): SimBus => new SimBus(broker, new Host(name, scheduler), scheduler);
  const bus = open('first');
  return Promise.resolve({
    bus,
    another: () => Promise.resolve(open('second')),
    pass: (ms: number) => scheduler.pass(ms),
    nowMs: () => START_WALL_MS + scheduler.nowMs,
    close: async () => {
      await bus.close();
      scheduler.end();
    },
  });
});
