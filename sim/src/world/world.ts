import { EmbeddedBroker, EmbeddedBus } from '@parkade/bus';
import { type Store, openEmbeddedStore } from '@parkade/store';
import { SimNetwork } from '../network/sim-network.js';
import { Host } from './host.js';
import type { Breakage } from './breakage.js';
import { Scheduler } from './scheduler.js';
import { SimBus } from './sim-bus.js';
import { SimStore } from './sim-store.js';
import { Trace } from './trace.js';
import { Witness } from './witness.js';

/** A process of the world: its host and its ways to what all share. */
export interface Member {
  readonly host: Host;
  readonly store: SimStore;
  readonly bus: SimBus;
}

/** Time, network, store and bus of one seed. What runs in it is put there by `Cluster`. */
export class World {
  readonly network: SimNetwork;
  readonly broker: EmbeddedBroker;
  /** Beside the bus, without faults: for those who check. */
  readonly bus: EmbeddedBus;
  readonly witness: Witness;
  readonly #outside: Host;

  private constructor(
    readonly scheduler: Scheduler,
    readonly trace: Trace,
    outside: Host,
    /** The store itself, without faults. */
    readonly store: Store,
    readonly breakage: Breakage,
  ) {
    this.#outside = outside;
    this.network = new SimNetwork(scheduler);
    this.broker = new EmbeddedBroker(outside.clock);
    this.bus = new EmbeddedBus({ clock: outside.clock }, this.broker);
    this.witness = new Witness(store);
  }

  static async make(seed: number, breakage: Breakage, onLine?: (line: string) => void): Promise<World> {
    const scheduler = new Scheduler(seed);
    const outside = new Host('outside', scheduler);
    const store = await openEmbeddedStore({ clock: outside.clock });
    return new World(scheduler, new Trace(scheduler, onLine), outside, store, breakage);
  }

  /** A new process. `machine`: where it runs, which is also where others reach it. */
  member(machine: string): Member {
    const { scheduler, breakage, witness } = this;
    const host = new Host(machine, scheduler);
    const store = new SimStore(this.store, host, scheduler, breakage.sabotage, (txn, revision) =>
      witness.committed(txn, revision),
    );
    const bus = new SimBus(this.broker, host, scheduler, (payload) => witness.published(payload));
    return { host, store, bus };
  }

  /** Ends the world; nothing of it runs any more. */
  async close(): Promise<void> {
    this.witness.close();
    await this.bus.close();
    await this.store.close();
    this.#outside.kill();
  }
}
