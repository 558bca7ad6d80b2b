import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EmbeddedBroker, EmbeddedBus } from '@parkade/bus';
import { SeededRandom, SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { encodeLines, EVENT_BATCHES, EVENT_STREAM, type EventMessage } from '@parkade/presence';
import { type Endpoint, recordStreams } from '@parkade/records';
import { silentLog } from '@parkade/rpc';
import { DEFAULT_SYSTEM } from '@parkade/settings';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { DEFAULT_WEBHOOK_LIMITS, type WebhookLimits } from '../config.js';
import { type Records, startRecords } from '../records.js';

/** What a receiver got. */
export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly event: EventMessage;
}

/** An HTTP server that takes webhooks, and answers as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** The status for a request; never: it does not answer. */
  answer: (received: Received) => number | 'never' = () => 204;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const { data: event } = JSON.parse(body) as { data: EventMessage };
        const received = { headers: request.headers, body, event };
        receiver.received.push(received);
        const status = receiver.answer(received);
        if (status === 'never') return;
        response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** The revisions that were received of a slot, in their order. */
  revisions(slot: string): readonly number[] {
    return this.received.filter(({ event }) => event.slot === slot).map(({ event }) => event.revision);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** Records processes on an embedded store and bus. */
export class World {
  readonly clock = new SystemClock();
  readonly random = new SeededRandom(7);
  readonly bus: EmbeddedBus;
  readonly #running = new Set<Records>();
  #batches = 0;
  #members = 0;

  private constructor(readonly store: Store) {
    this.bus = new EmbeddedBus(this, new EmbeddedBroker(this.clock));
  }

  static async start(): Promise<World> {
    const world = new World(await openEmbeddedStore({ clock: new SystemClock() }));
    await world.bus.ensureStreams([EVENT_STREAM, ...recordStreams(DEFAULT_SYSTEM.records, true)]);
    return world;
  }

  async records(changes: Partial<WebhookLimits> = {}): Promise<Records> {
    const limits = { ...DEFAULT_WEBHOOK_LIMITS, allowPrivateTargets: true, retryFirstMs: 5, retryMaxMs: 20 };
    const { store, bus, clock, random } = this;
    const records = await startRecords(
      {
        ...{ memberId: `records-${++this.#members}`, host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 2_000 },
        webhooks: { ...limits, ...changes },
      },
      { store, bus, clock, random, log: silentLog, timing: { joinDelayMs: 10, settleMs: 50 } },
    );
    this.#running.add(records);
    return records;
  }

  async end(records: Records): Promise<void> {
    this.#running.delete(records);
    await records.close();
  }

  async endpoint(tenant: string, id: string, url: string, changes: Partial<Endpoint> = {}): Promise<void> {
    const endpoint = { id, url, secret: SECRET, kinds: [], enabled: true, key: '0123456789abcdef', ...changes };
    const put = { kind: 'put', key: keys.webhook(tenant, id), value: Buffer.from(JSON.stringify(endpoint)) } as const;
    await this.store.txn({ compare: [], success: [put] });
  }

  /** Tells events as an owner does. */
  async tell(...events: readonly EventMessage[]): Promise<void> {
    const lines = encodeLines(events.map((event) => JSON.stringify(event)));
    await this.bus.publish(EVENT_BATCHES, lines, { id: `batch-${++this.#batches}` });
  }

  async close(): Promise<void> {
    for (const records of this.#running) await records.close();
    await this.bus.close();
    await this.store.close();
  }
}
