import { type Bus, openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { type Cluster, Evidence, Lamps } from '@parkade/test';

/** What testifies of a run, over connections of its own: the store's history, the log of events, the lamps. */
export class Witness {
  private constructor(
    readonly evidence: Evidence,
    readonly lamps: Lamps,
    private readonly bus: Bus,
  ) {}

  static async of(cluster: Cluster): Promise<Witness> {
    const { url } = cluster.natsServer;
    const bus = openBus(url, { clock: new SystemClock(), random: new SystemRandom() });
    return new Witness(await Evidence.gather(cluster.store, bus), await Lamps.watch(url), bus);
  }

  async close(): Promise<void> {
    this.evidence.close();
    await this.lamps.close();
    await this.bus.close();
  }
}
