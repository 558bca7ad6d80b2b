import { describe, expect, it } from 'vitest';
import { type FeedLink, LampsFeed, REPLAY_CHUNK } from './feed.js';
import type { FeedLamp, FeedMessage } from './feed-message.js';

function lamp(slot: string, revision: number, lit: 0 | 1 = 1): FeedLamp {
  const of = { tenant: 'acme', slot, revision, user: `*3${slot}`, host: '', document: '<x/>', tenant_host: 'acme' };
  return { type: 'lamp', lit, ...of };
}

/** A link whose other end takes what was sent when `take` is called, or at once. */
class Recorder implements FeedLink {
  readonly sent: FeedMessage[] = [];
  #waiting: (() => void)[] = [];
  constructor(private readonly slow = false) {}

  send(message: FeedMessage): void {
    this.sent.push(message);
  }

  taken(): Promise<void> {
    return this.slow ? new Promise((resolve) => void this.#waiting.push(resolve)) : Promise.resolve();
  }

  async take(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What was sent, in short. */
  told(): readonly string[] {
    return this.sent.map((one) => (one.type === 'lamp' ? `${one.slot}@${one.revision}` : one.type));
  }
}

describe('a feed of lamps', () => {
  it('says nothing before it knows all lamps, and then all of them (L2)', async () => {
    const link = new Recorder();
    const feed = new LampsFeed('f', link);
    feed.tell('701', lamp('701', 1), 0);
    feed.tell('702', lamp('702', 2), 0);
    feed.tell('701', lamp('701', 3, 0), 0);
    feed.ask();
    feed.beat();
    expect(link.sent).toEqual([]);
    feed.known();
    await feed.idle();
    expect(link.told()).toEqual(['replay-begin', '701@3', '702@2', 'replay-end']);
  });

  it('names with each message the one before it (L1)', async () => {
    const link = new Recorder();
    const feed = new LampsFeed('f', link);
    feed.known();
    feed.beat();
    feed.tell('701', lamp('701', 1), 0);
    await feed.idle();
    feed.beat();
    expect(link.sent[0]).toMatchObject({ feed: 'f', at: '1', after: '0' });
    for (const [i, message] of link.sent.entries()) expect(message).toMatchObject({ at: `${i + 1}`, after: `${i}` });
  });

  it('tells of each lamp what is newest when it is told, while lamps change (L3)', async () => {
    const link = new Recorder(true);
    const feed = new LampsFeed('f', link);
    const last = String(REPLAY_CHUNK);
    for (let i = 0; i <= REPLAY_CHUNK; i++) feed.tell(String(i), lamp(String(i), 1), 0);
    feed.known();
    feed.tell(last, lamp(last, 2), 0);
    feed.tell('new', lamp('new', 1), 0);
    await link.take();
    await link.take();
    const told = link.told();
    expect(told.filter((one) => one.startsWith(`${last}@`))).toEqual([`${last}@2`, `${last}@2`]);
    expect(told.slice(-3)).toEqual(['new@1', `${last}@2`, 'replay-end']);
  });

  it('lets one replay follow the one under way, however often it is asked (L4)', async () => {
    const link = new Recorder(true);
    const feed = new LampsFeed('f', link);
    feed.tell('701', lamp('701', 1), 0);
    feed.known();
    for (let i = 0; i < 5; i++) feed.ask();
    for (let i = 0; i < 5; i++) await link.take();
    await feed.idle();
    expect(link.told()).toEqual(['replay-begin', '701@1', 'replay-end', 'replay-begin', '701@1', 'replay-end']);
  });

  it('forgets what was not told again after the stream was lost, and tells the rest', async () => {
    const link = new Recorder();
    const feed = new LampsFeed('f', link);
    feed.tell('701', lamp('701', 1), 1_000);
    feed.tell('702', lamp('702', 1), 1_000);
    feed.known();
    await feed.idle();
    feed.tell('702', lamp('702', 1), 9_000);
    link.sent.length = 0;
    feed.forgetOlder(5_000);
    await feed.idle();
    expect(link.told()).toEqual(['replay-begin', '702@1', 'replay-end']);
  });

  it('goes on when the other end is away for a replay', async () => {
    const link = new Recorder();
    let away = true;
    link.taken = () => (away ? Promise.reject(new Error('away')) : Promise.resolve());
    const feed = new LampsFeed('f', link);
    feed.known();
    await feed.idle();
    away = false;
    feed.ask();
    await feed.idle();
    expect(link.told()).toEqual(['replay-begin', 'replay-end', 'replay-begin', 'replay-end']);
  });
});
