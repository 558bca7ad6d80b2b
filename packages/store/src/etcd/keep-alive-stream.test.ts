import { EventEmitter } from 'node:events';
import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { KeepAliveStream, type RawKeepAliveStream } from './keep-alive-stream.js';

/** A stream whose other end is the test. */
class Wire extends EventEmitter {
  readonly sent: string[] = [];
  cancelled = false;

  write({ ID }: { readonly ID: string }): void {
    this.sent.push(ID);
  }

  cancel(): void {
    this.cancelled = true;
  }

  answer(ID: string, TTL: string): void {
    this.emit('data', { ID, TTL });
  }
}

function opened(): { wire: Wire; clock: ManualClock; stream: KeepAliveStream; ends: () => number } {
  const [wire, clock] = [new Wire(), new ManualClock(1_000)];
  let ends = 0;
  const stream = new KeepAliveStream(wire as unknown as RawKeepAliveStream, clock, () => ends++);
  return { wire, clock, stream, ends: () => ends };
}

describe('KeepAliveStream', () => {
  it('gives each keepalive the answer for its lease, in the order they were sent (K1)', async () => {
    const { wire, stream } = opened();
    const told: string[] = [];
    const sent = ['7', '8', '7'].map((id, i) => stream.send(id, 500).then((ttl) => told.push(`${i}: ${ttl}`)));
    wire.answer('8', '5');
    wire.answer('9', '1');
    wire.answer('7', '4');
    wire.answer('7', '0');
    await Promise.all(sent);
    expect(told.sort()).toEqual(['0: 4', '1: 5', '2: 0']);
    expect([wire.sent, stream.over]).toEqual([['7', '8', '7'], false]);
  });

  it('is given up with all that wait when one has no answer in its time, and takes none after that (K2)', async () => {
    const { wire, clock, stream, ends } = opened();
    const [first, second] = [stream.send('7', 500), stream.send('7', 900)];
    const failures = Promise.allSettled([first, second]);
    await clock.advance(501);
    wire.answer('7', '5');
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    wire.emit('error', new Error('cancelled'));
    expect([stream.over, wire.cancelled, ends()]).toEqual([true, true, 1]);
  });

  it('tells those who wait why it ended', async () => {
    const { wire, stream, ends } = opened();
    const waiting = stream.send('7', 500);
    wire.emit('error', new Error('invalid auth token'));
    await expect(waiting).rejects.toThrow('invalid auth token');
    expect([stream.over, ends()]).toEqual([true, 1]);
  });
});
