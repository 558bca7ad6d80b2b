import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import type { ShardOwner } from '../ports.js';
import { OwnerLinks } from './owner-links.js';
import type { OwnerTransport } from './owner-transport.js';
import { ShardOwners } from './shard-owners.js';

/** A transport that notes what is connected and closed. */
class NotingTransport implements OwnerTransport {
  readonly open: string[] = [];

  connect(address: string): ReturnType<OwnerTransport['connect']> {
    this.open.push(address);
    return {
      exchange: () => () => undefined,
      follow: () => () => undefined,
      list: () => Promise.reject(new Error('not listed here')),
      close: () => void this.open.splice(this.open.indexOf(address), 1),
    };
  }
}

function directory(owners: Map<number, ShardOwner>): ShardOwners {
  const hints = new Map([...owners].map(([shard, owner]) => [shard, { ...owner, memberId: '', incarnation: '' }]));
  return new ShardOwners({ all: () => hints, onChange: () => () => undefined });
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
});
