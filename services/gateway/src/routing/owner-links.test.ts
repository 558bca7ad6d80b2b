import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import type { OwnerHint } from '@parkade/ownership';
import type { ShardOwner } from '../ports.js';
import { parkRequest } from '../testing/samples.testing.js';
import type { Order } from './order.js';
import { OwnerLinks } from './owner-links.js';
import type { OwnerTransport } from './owner-transport.js';
import { ShardOwners } from './shard-owners.js';

const ORDER: Omit<Order, 'shard'> = {
  settingsRevision: 0,
  fingerprint: 1,
  part: 0,
  lotId: '',
  op: { $case: 'park', value: parkRequest() },
};

/** A transport that notes what is connected and closed. Owners take everything and answer nothing. */
class NotingTransport implements OwnerTransport {
  readonly open: string[] = [];

  connect(address: string): ReturnType<OwnerTransport['connect']> {
    this.open.push(address);
    return {
      exchange: (handlers) => {
        handlers.opened({ write: () => true, once: () => undefined });
        return () => undefined;
      },
      follow: () => () => undefined,
      list: () => Promise.reject(new Error('not listed here')),
      close: () => void this.open.splice(this.open.indexOf(address), 1),
    };
  }
}

type Told = (shard: number, owner: OwnerHint | undefined) => void;

const hint = (owner: ShardOwner): OwnerHint => ({ ...owner, memberId: '', incarnation: '' });

function directory(owners: Map<number, ShardOwner>, onChange: (told: Told) => void = () => undefined): ShardOwners {
  const hints = new Map([...owners].map(([shard, owner]) => [shard, hint(owner)]));
  return new ShardOwners({
    all: () => hints,
    onChange: (told) => {
      onChange(told);
      return () => undefined;
    },
  });
}

describe('the links to owners', () => {
  it('are one an address (P1)', () => {
    const transport = new NotingTransport();
    const limits = { maxPerOwner: 1, maxBatch: 1, idleLinkMs: 1_000 };
    const links = new OwnerLinks(transport, directory(new Map()), new ManualClock(), limits);
    expect(links.to('a:1')).toBe(links.to('a:1'));
    expect(transport.open).toEqual(['a:1']);
    links.close();
    expect(transport.open).toEqual([]);
  });

  it('are closed when their address owns nothing and nobody uses them (P2)', async () => {
    const clock = new ManualClock();
    const transport = new NotingTransport();
    const limits = { maxPerOwner: 1, maxBatch: 1, idleLinkMs: 1_000 };
    const links = new OwnerLinks(transport, directory(new Map([[0, { address: 'a:1', epoch: 1 }]])), clock, limits);
    links.to('a:1');
    links.to('b:1');
    await clock.advance(900);
    links.to('b:1');
    await clock.advance(900);
    expect(transport.open).toEqual(['a:1', 'b:1']);
    await clock.advance(1_000);
    expect(transport.open).toEqual(['a:1']);
    links.close();
  });

  it('let nobody wait for an owner that has lost the shard and answers nothing, as one that is frozen (P3)', async () => {
    const clock = new ManualClock();
    let told: Told = () => undefined;
    const owners = new Map([0, 1].map((shard) => [shard, { address: 'a:1', epoch: 1 }]));
    const limits = { maxPerOwner: 9, maxBatch: 9, idleLinkMs: 1_000 };
    const known = directory(owners, (listener) => (told = listener));
    const links = new OwnerLinks(new NotingTransport(), known, clock, limits);
    const outcomes: string[] = [];
    for (const shard of [0, 1]) {
      const order = { ...ORDER, shard };
      links.to('a:1').send(order, 60_000, ({ kind }) => outcomes.push(`${shard} ${kind}`));
    }
    await clock.advance(1_000);
    told(0, undefined);
    await clock.advance(1_000);
    expect(outcomes).toEqual([]);
    told(0, hint({ address: 'b:1', epoch: 2 }));
    await clock.advance(1_000);
    expect(outcomes).toEqual(['0 lost']);
    links.close();
  });
});
