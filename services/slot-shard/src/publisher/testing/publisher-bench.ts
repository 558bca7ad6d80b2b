import { EmbeddedBroker, EmbeddedBus } from '@parkade/bus';
import { ManualClock, SeededRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import {
  ALL_PRESENCE,
  type EventMessage,
  followEvents,
  type NoticeMessage,
  type PresenceMessage,
  STREAMS,
} from '@parkade/presence';
import { testPark, testRecord, testTransition } from '@parkade/presence/testing';
import { type SlotRecord, TransitionKind } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { DEFAULT_PUBLISHER_LIMITS, type PublisherConfig } from '../config.js';
import { Publisher } from '../publisher.js';
import { FlakyBus } from './flaky-bus.js';

/** A publisher on an embedded bus that can be made to fail, and what it stored there; for tests. */
export class PublisherBench {
  readonly clock = new ManualClock();
  readonly broker = new EmbeddedBroker(this.clock);
  readonly inner = new EmbeddedBus({ clock: this.clock }, this.broker);
  readonly bus: FlakyBus;
  readonly lagging: number[] = [];
  readonly dropped: string[] = [];
  readonly failures: string[] = [];
  /** As a reader hears them: what is published again, once. */
  readonly events: EventMessage[] = [];
  readonly notices: NoticeMessage[] = [];
  readonly lamps: PresenceMessage[] = [];
  readonly publisher: Publisher;

  constructor(config: Partial<PublisherConfig> = {}, seed = 1) {
    this.bus = new FlakyBus(this.inner, this.clock, new SeededRandom(seed));
    this.publisher = new Publisher(
      { instance: 'bench', ...DEFAULT_PUBLISHER_LIMITS, ...config },
      {
        bus: this.bus,
        clock: this.clock,
        random: new SeededRandom(seed),
        log: silentLog,
        onLagging: (shard) => this.lagging.push(shard),
        observer: {
          published: () => undefined,
          failed: (why) => this.failures.push(why),
          lagging: (shard, count) => this.dropped.push(`${shard}:${count}`),
          noticeDropped: () => this.dropped.push('notice'),
        },
      },
    );
  }

  /** Makes the streams and listens to them. */
  async start(): Promise<this> {
    await this.inner.ensureStreams(STREAMS);
    const read = (payload: Uint8Array): unknown => JSON.parse(Buffer.from(payload).toString('utf8'));
    await followEvents(this.inner, { replay: 'all' }, (event) => {
      if (event.kind === 'failed') this.notices.push(event);
      else this.events.push(event);
    });
    await this.inner.subscribe(ALL_PRESENCE, { replay: 'all' }, ({ payload }) => {
      this.lamps.push(read(payload) as PresenceMessage);
    });
    return this;
  }

  commit(shard: number, slot: string, revision: number, record = parked(slot, revision), wasDark = false): void {
    this.publisher.committed(shard, { slotKey: slotKey(shard, slot), record, revision, wasDark });
  }

  /** The revisions of a slot's events, in the order they were stored. */
  revisions(slot: string): readonly number[] {
    return this.events.filter((event) => event.slot === slot).map((event) => event.revision);
  }

  /** What stands on a subject of the presence stream. */
  async lamp(subject: string): Promise<PresenceMessage | undefined> {
    const message = await this.inner.last(subject);
    return message === undefined
      ? undefined
      : (JSON.parse(Buffer.from(message.payload).toString('utf8')) as PresenceMessage);
  }
}

/** The key of a slot of lot `default` of `acme`. */
export function slotKey(shard: number, slot: string): string {
  return keys.slot(shard, 'acme', 'default', slot);
}

/** A record of a slot with a call in it; `spokenId`: whose change it was, where another lamp was lit before. */
export function parked(
  slot: string,
  revision: number,
  presenceId = `*3${slot}`,
  spokenId: string = presenceId,
): SlotRecord {
  const parkId = `park-${revision}`;
  return testRecord({
    name: { tenantId: 'acme', lotId: 'default', slot },
    parks: [testPark(parkId, presenceId)],
    last: testTransition({ kind: TransitionKind.PARKED, parkId, presenceId: spokenId }),
    litPresenceId: presenceId,
  });
}

/** A record of a slot whose call was retrieved. */
export function retrieved(slot: string, revision: number, presenceId = `*3${slot}`): SlotRecord {
  return testRecord({
    name: { tenantId: 'acme', lotId: 'default', slot },
    last: testTransition({ kind: TransitionKind.RETRIEVED, parkId: `park-${revision}`, presenceId }),
  });
}
