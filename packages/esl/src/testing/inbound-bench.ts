import { ManualClock, SeededRandom } from '@parkade/clock';
import type { InboundConfig } from '../inbound-config.js';
import { InboundConnection } from '../inbound-connection.js';
import { eventually } from './eventually.js';
import { FakeSwitch, type FakePeer } from './fake-switch.js';
import { RecordingListener } from './recording-listener.js';

/** An inbound connection on a manual clock, against a fake switch on loopback. */
export class InboundBench {
  readonly clock = new ManualClock();
  readonly listener = new RecordingListener();
  /** What the write guard says. */
  allowed = true;
  readonly #stop = new AbortController();
  #run: Promise<void> = Promise.resolve();

  constructor(public fake: FakeSwitch) {}

  static async open(): Promise<InboundBench> {
    return new InboundBench(await FakeSwitch.listen());
  }

  /** Starts a connection; answers before it is up. */
  start(config: Partial<InboundConfig> = {}): InboundConnection {
    const connection = new InboundConnection(
      {
        host: '127.0.0.1',
        port: this.fake.port,
        password: 'ClueCon',
        subscription: { events: ['CHANNEL_PARK'] },
        ...config,
      },
      { clock: this.clock, random: new SeededRandom(7), listener: this.listener, mayWrite: () => this.allowed },
    );
    this.#run = connection.run(this.#stop.signal);
    return connection;
  }

  /** Starts a connection and waits until it is up. */
  async up(config: Partial<InboundConfig> = {}): Promise<{ connection: InboundConnection; peer: FakePeer }> {
    const connection = this.start(config);
    await eventually(() => this.listener.heard.includes('up'));
    return { connection, peer: this.peer(0) };
  }

  /** The fake switch's end of the connection number `index`. Throws when there was none. */
  peer(index: number): FakePeer {
    const peer = this.fake.peers[index];
    if (peer === undefined) throw new Error(`no connection ${index}`);
    return peer;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#run;
    await this.fake.close();
  }
}
