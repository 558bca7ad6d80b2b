import { ManualClock } from '@parkade/clock';
import { ExchangeRequest } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import type { Deadline } from '../deadline.js';
import { parkRequest } from '../testing/samples.testing.js';
import type { Order } from './order.js';
import { OwnerAnswer } from './owner-answer.js';
import { type Outcome, OwnerLink } from './owner-link.js';
import type { ExchangeHandlers, OwnerChannel } from './owner-transport.js';

const order: Order = {
  shard: 1,
  settingsRevision: 0,
  fingerprint: 1,
  part: 0,
  lotId: '',
  op: { $case: 'park', value: parkRequest() },
};

/** A channel whose stream a test opens, reads and closes; it is never full unless told. */
class FakeChannel implements OwnerChannel {
  readonly written: ExchangeRequest[] = [];
  opens = 0;
  full = false;
  #handlers: ExchangeHandlers | undefined;
  #drain: (() => void) | undefined;

  exchange(handlers: ExchangeHandlers): () => void {
    this.opens++;
    this.#handlers = handlers;
    return () => (this.#handlers = undefined);
  }

  open(): void {
    this.#handlers?.opened({
      write: (message) => {
        this.written.push(ExchangeRequest.decode(message));
        return !this.full;
      },
      once: (_, listener) => (this.#drain = listener),
    });
  }

  drain(): void {
    this.full = false;
    this.#drain?.();
  }

  answer(...correlationIds: readonly number[]): void {
    const answers = correlationIds.map((id) => new OwnerAnswer(id, id, false, undefined, new Uint8Array()));
    this.#handlers?.answers(answers);
  }

  break(): void {
    this.#handlers?.closed('broken');
  }

  follow(): () => void {
    return () => undefined;
  }

  list(): Promise<never> {
    return Promise.reject(new Error('not listed here'));
  }

  close(): void {
    this.break();
  }
}

/** A link whose outcomes can be awaited. */
class AwaitedLink {
  readonly #link: OwnerLink;

  constructor(channel: OwnerChannel, clock: ManualClock, maxPerOwner: number) {
    this.#link = new OwnerLink(channel, clock, { maxPerOwner, maxBatch: 1_024 });
  }

  get underWay(): number {
    return this.#link.underWay;
  }

  send(sent: Order, deadline: Deadline): Promise<Outcome> {
    return new Promise((resolve) => this.#link.send(sent, deadline, resolve));
  }

  moved(shard: number, graceMs: number): void {
    this.#link.moved(shard, graceMs);
  }

  close(): void {
    this.#link.close();
  }
}

function link(maxPerOwner = 100): { channel: FakeChannel; clock: ManualClock; link: AwaitedLink } {
  const channel = new FakeChannel();
  const clock = new ManualClock();
  return { channel, clock, link: new AwaitedLink(channel, clock, maxPerOwner) };
}

describe('the link to an owner', () => {
  it('sends what comes in one turn as one message on one stream', async () => {
    const { channel, clock, link: owner } = link();
    const outcomes = Array.from({ length: 50 }, () => owner.send(order, 5_000));
    channel.open();
    await clock.advance(0);
    outcomes.push(...Array.from({ length: 50 }, () => owner.send(order, 5_000)));
    await clock.advance(0);
    expect(channel.written.map(({ commands }) => commands.length)).toEqual([50, 50]);
    channel.answer(...Array.from({ length: 100 }, (_, i) => 100 - i));
    expect(
      (await Promise.all(outcomes)).map((outcome) => outcome.kind === 'answer' && outcome.answer.revision),
    ).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(channel.opens).toBe(1);
  });

  it('says unsent of what was not written when it cannot connect, lost of what was when the stream breaks (K2)', async () => {
    const { channel, clock, link: owner } = link();
    const unsent = owner.send(order, 5_000);
    channel.break();
    expect(await unsent).toEqual({ kind: 'unsent' });
    const lost = owner.send(order, 5_000);
    channel.open();
    await clock.advance(0);
    channel.break();
    expect(await lost).toEqual({ kind: 'lost' });
  });

  it('goes through what waits once for all shards that moved together, and tells it in the order it was sent (K5)', async () => {
    const { channel, clock, link: owner } = link();
    const told: string[] = [];
    const ask = (shard: number, name: string): void =>
      void owner.send({ ...order, shard }, 60_000).then(({ kind }) => told.push(`${name} ${kind}`));
    for (const shard of [3, 1, 4, 2, 3]) ask(shard, `before ${shard}`);
    channel.open();
    await clock.advance(0);
    const timers = clock.pendingTimers;
    for (const shard of [1, 2, 3, 5]) owner.moved(shard, 1_000);
    expect(clock.pendingTimers).toBe(timers + 1);
    await clock.advance(500);
    ask(3, 'after');
    owner.moved(4, 1_000);
    await clock.advance(500);
    expect(told).toEqual(['before 3 lost', 'before 1 lost', 'before 2 lost', 'before 3 lost']);
    await clock.advance(500);
    expect(told.slice(4)).toEqual(['before 4 lost']);
    owner.close();
  });

  it('never writes a command whose time ended before it was written (K1, K2)', async () => {
    const { channel, clock, link: owner } = link();
    const late = owner.send(order, 50);
    await clock.advance(100);
    expect(await late).toEqual({ kind: 'late', sent: false });
    channel.open();
    channel.full = true;
    const first = owner.send(order, 5_000);
    await clock.advance(0);
    const second = owner.send(order, clock.monotonicMs() + 50);
    await clock.advance(100);
    expect(await second).toEqual({ kind: 'late', sent: false });
    channel.drain();
    await clock.advance(0);
    expect(channel.written.flatMap(({ commands }) => commands)).toHaveLength(1);
    owner.close();
    expect(await first).toEqual({ kind: 'lost' });
  });

  it('says that a command which ran out of time was sent (K2), and drops its late answer (K3)', async () => {
    const { channel, clock, link: owner } = link();
    const late = owner.send(order, 50);
    channel.open();
    await clock.advance(100);
    expect(await late).toEqual({ kind: 'late', sent: true });
    channel.answer(1);
    expect(owner.underWay).toBe(0);
  });

  it('takes no more than its bound, also of what is not written yet (K4)', async () => {
    const { channel, clock, link: owner } = link(2);
    void owner.send(order, 50);
    void owner.send(order, 50);
    expect(await owner.send(order, 50)).toEqual({ kind: 'full' });
    await clock.advance(100);
    expect(await owner.send(order, 5_000)).toEqual({ kind: 'full' });
    channel.open();
    await clock.advance(0);
    const sent = owner.send(order, 5_000);
    await clock.advance(0);
    channel.answer(3);
    expect(await sent).toMatchObject({ kind: 'answer' });
  });

  it('opens a new stream after a break', async () => {
    const { channel, clock, link: owner } = link();
    void owner.send(order, 5_000);
    channel.break();
    void owner.send(order, 5_000);
    channel.open();
    await clock.advance(0);
    expect(channel.opens).toBe(2);
    expect(channel.written[0]?.commands).toHaveLength(1);
  });
});
