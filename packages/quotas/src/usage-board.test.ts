import { SeededRandom, SystemClock } from '@parkade/clock';
import { LeaseSession } from '@parkade/ownership';
import { openEmbeddedStore, prefixRange, type Store } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageBoard } from './usage-board.js';

const clock = new SystemClock();
let store: Store;
const closers: (() => Promise<void> | void)[] = [];
beforeEach(async () => {
  store = await openEmbeddedStore({ clock });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await store.close();
});

interface Member {
  readonly board: UsageBoard;
  readonly session: LeaseSession;
  readonly uses: Map<string, number>;
  /** Asked at each telling; as it is made: for `uses`. */
  usage: () => Map<string, number>;
}

async function member(): Promise<Member> {
  const random = new SeededRandom(7);
  const session = new LeaseSession({}, { store, clock, random });
  const uses = new Map<string, number>();
  const usage = (): Record<string, Map<string, number>> => ({ calls: made.usage() });
  const board = new UsageBoard('gateway', { store, clock, random, session, usage });
  const made: Member = { board, session, uses, usage: () => uses };
  session.start();
  await board.start();
  closers.push(
    () => session.close(),
    () => board.close(),
  );
  return made;
}

const until = { timeout: 10_000, interval: 20 };

describe('what members use', () => {
  it('is known to all, tenant by tenant, until it changes or the member goes (U1, U2)', async () => {
    const a = await member();
    const b = await member();
    await expect.poll(() => [a.board.members, b.board.members], until).toEqual([2, 2]);
    a.uses.set('acme', 7).set('a/b c', 1);
    b.uses.set('acme', 2);
    const calls = (of: Member, tenant: string) => [
      of.board.of('calls').told(tenant),
      of.board.of('calls').elsewhere(tenant),
    ];
    await expect.poll(() => [...calls(a, 'acme'), ...calls(b, 'acme')], until).toEqual([7, 2, 2, 7]);
    await expect.poll(() => calls(b, 'a/b c'), until).toEqual([0, 1]);
    a.uses.set('acme', 3).delete('a/b c');
    await expect.poll(() => [...calls(b, 'acme'), ...calls(b, 'a/b c')], until).toEqual([2, 3, 0, 0]);
    a.board.close();
    await a.session.close();
    await expect.poll(() => [b.board.members, ...calls(b, 'acme')], until).toEqual([1, 2, 0]);
    expect((await store.range(prefixRange('/parkade/usage/gateway/'))).kvs).toHaveLength(2);
  });

  it('is told anew under a new lease', async () => {
    const a = await member();
    const b = await member();
    a.uses.set('acme', 7);
    await expect.poll(() => b.board.of('calls').elsewhere('acme'), until).toBe(7);
    await store.revokeLease(a.session.leaseId ?? '');
    a.session.invalidate(a.session.leaseId ?? '');
    a.uses.set('acme', 8);
    await expect.poll(() => [b.board.of('calls').elsewhere('acme'), b.board.members], until).toEqual([8, 2]);
    expect([a.board.of('calls').elsewhere('acme'), a.board.members]).toEqual([0, 2]);
  });

  it('is told of each tenant in its turn where more change all the while than are told at a time (U3)', async () => {
    const a = await member();
    const b = await member();
    const tenants = Array.from({ length: 300 }, (_, i) => `tenant-${i}`);
    let amount = 0;
    a.usage = () => new Map(tenants.map((tenant) => [tenant, ++amount]));
    const elsewhere = (tenant: string) => b.board.of('calls').elsewhere(tenant);
    await expect.poll(() => tenants.filter((tenant) => elsewhere(tenant) === 0), until).toEqual([]);
  });

  it('is written only where it changes (U3)', async () => {
    const a = await member();
    a.uses.set('acme', 7);
    await expect.poll(() => a.board.of('calls').told('acme'), until).toBe(7);
    const { revision } = await store.range(prefixRange('/parkade/'));
    await new Promise((resolve) => void clock.setTimer(1_200, () => resolve(undefined)));
    expect((await store.range(prefixRange('/parkade/'))).revision).toBe(revision);
  });
});
