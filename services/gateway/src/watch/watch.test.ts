import { status } from '@grpc/grpc-js';
import { EXTENSION_LOT, HOLDING_LOT, homeShard, keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { putLot } from '@parkade/settings';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeShard } from '../testing/fake-owner.testing.js';
import { record } from '../testing/samples.testing.js';
import { SHARDS, TestBed } from '../testing/test-bed.testing.js';
import { tokenScope, writeResumeToken } from './resume-token.js';

let bed: TestBed;
afterEach(() => bed.stop());

const SHARD = homeShard('acme', 'default', SHARDS);

function shardOf(lotId: string, owner = 0): FakeShard {
  return bed.at(bed.owners, owner).shard(homeShard('acme', lotId, SHARDS));
}

/** Slot `slot` of the lot holds `callId` (nobody: free) as of `revision`. */
function put(slot: string, callId: string | undefined, revision: number, lotId = 'default', owner = 0): void {
  shardOf(lotId, owner).put({ record: record(lotId, slot, callId), revision });
}

describe('a watch', () => {
  it('sends the slots in use, says so, then sends every change', async () => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    put('702', undefined, 11);
    const watch = bed.watch('default');
    expect(await watch.first(2)).toEqual(['701=c-1', 'synced']);
    put('702', 'c-2', 12);
    put('701', undefined, 13);
    expect((await watch.first(4)).slice(2)).toEqual(['702=c-2', '701=']);
  });

  it('of all lots shows extensions, and not the holding lot', async () => {
    bed = await TestBed.start();
    put('201', 'c-1', 10, EXTENSION_LOT);
    put('x', 'c-2', 10, HOLDING_LOT);
    const watch = bed.watch();
    expect(await watch.first(2)).toEqual(['201=c-1', 'synced']);
  });

  it('ends with DRAINING when its connection has come to its age, and goes on by its token on another one', async () => {
    bed = await TestBed.start({ maxConnectionAgeMs: 300 });
    put('701', 'c-1', 10);
    const watch = bed.watch();
    await watch.first(Infinity);
    expect(watch.failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.DRAINING });
    put('702', 'c-2', 12);
    const resumed = bed.watch('', watch.token);
    expect((await resumed.first(1))[0]).toBe('702=c-2');
  });

  it('shows another tenant nothing', async () => {
    bed = await TestBed.start({ autoTenants: true });
    put('701', 'c-1', 10);
    const stream = bed.client.watchSlots({ tenantId: 'other', lotId: 'default', resumeToken: '' });
    const first = await new Promise<string | undefined>((resolve, reject) => {
      stream.on('data', ({ event }: { event?: { $case: string } }) => resolve(event?.$case));
      stream.on('error', reject);
    });
    expect(first).toBe('synced');
  });

  it('sends changes of lots that are made later (H2)', async () => {
    bed = await TestBed.start();
    const watch = bed.watch();
    await watch.first(1);
    await putLot(bed.store, 'acme', 'later', { any_slot: true });
    put('1', 'c-1', 20, 'later');
    expect(await watch.first(2)).toEqual(['synced', '1=c-1']);
  });

  it('of a tenant shows the calls of a lot that was deleted, and goes on with them by its token (H2)', async () => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    put('1', 'c-2', 11, 'gone');
    const shard = homeShard('acme', 'gone', SHARDS);
    let named = Buffer.alloc(1, 1 << shard);
    let looked = 0xff;
    bed.owner.list = () => ({ slots: [], more: false, shards: Buffer.alloc(1, looked), used: named });
    const watch = bed.watch();
    expect([...(await watch.first(3))].sort()).toEqual(['1=c-2', '701=c-1', 'synced']);
    put('1', undefined, 12, 'gone');
    expect((await watch.first(4)).at(-1)).toBe('1=');
    // Nobody names it any more: what happens there since is told all the same.
    named = Buffer.alloc(1);
    const resumed = bed.watch('', watch.token);
    await resumed.first(1);
    put('2', 'c-3', 13, 'gone');
    expect((await resumed.first(2)).at(-1)).toBe('2=c-3');
    // A shard whose owner did not say so when the watch began is asked for later.
    looked = 0;
    const late = bed.watch();
    expect(await late.first(2)).toEqual(['701=c-1', 'synced']);
    [named, looked] = [Buffer.alloc(1, 1 << shard), 0xff];
    expect((await late.first(3)).at(-1)).toBe('2=c-3');
  });

  it('follows a shard once for all who watch it (H1)', async () => {
    bed = await TestBed.start();
    const watches = Array.from({ length: 20 }, () => bed.watch('default'));
    for (const watch of watches) await watch.first(1);
    put('701', 'c-1', 10);
    for (const watch of watches) expect(await watch.first(2)).toEqual(['synced', '701=c-1']);
    expect(bed.owner.follows).toHaveLength(1);
  });

  it('of a whole tenant has its owners asked once for all that begin at the same time (H2)', async () => {
    bed = await TestBed.start();
    const watches = Array.from({ length: 50 }, () => bed.watch());
    for (const watch of watches) expect(await watch.first(1)).toEqual(['synced']);
    expect(bed.owner.lists.length).toBeLessThan(10);
  });

  it('goes on at the next owner from where the last one was (F1, F3)', async () => {
    bed = await TestBed.start({}, 2);
    put('701', 'c-1', 10);
    const watch = bed.watch('default');
    await watch.first(2);
    put('701', 'c-1', 10, 'default', 1);
    put('702', 'c-2', 11, 'default', 1);
    await bed.own(bed.at(bed.owners, 1));
    expect((await watch.first(3)).slice(2)).toEqual(['702=c-2']);
    expect(bed.at(bed.owners, 1).follows).toEqual([{ shard: SHARD, afterRevision: 10 }]);
  });

  it('goes on when the owner lets go of the stream', async () => {
    bed = await TestBed.start();
    const watch = bed.watch('default');
    await watch.first(1);
    shardOf('default').lose();
    put('701', 'c-1', 10);
    expect(await watch.first(2)).toEqual(['synced', '701=c-1']);
  });

  it('tells of slots that were freed while the owner could not be followed', async () => {
    bed = await TestBed.start({}, 2);
    put('701', 'c-1', 10);
    put('702', 'c-2', 11);
    const watch = bed.watch('default');
    await watch.first(3);
    // The next owner has forgotten everything up to 20: it sends a snapshot, in which 701 is free.
    put('702', 'c-2', 11, 'default', 1);
    Object.assign(shardOf('default', 1), { forgottenUpTo: 20, revision: 20 });
    await bed.own(bed.at(bed.owners, 1));
    expect((await watch.first(4)).slice(3)).toEqual(['701=']);
  });

  it('of a tenant that does not exist is refused', async () => {
    bed = await TestBed.start();
    const stream = bed.watch('nowhere');
    await stream.first(1);
    expect(stream.failure).toMatchObject({ code: status.NOT_FOUND, reason: Reason.LOT_NOT_FOUND });
  });

  it('past the bound of the gateway is refused', async () => {
    bed = await TestBed.start({ limits: { maxWatchers: 1 } });
    await bed.watch().first(1);
    const second = bed.watch();
    await second.first(1);
    expect(second.failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: Reason.OVERLOADED });
  });

  it('renews its token while nothing happens', async () => {
    bed = await TestBed.start({ limits: { syncedEveryMs: 1 } });
    const watch = bed.watch('default');
    expect(await watch.first(2)).toEqual(['synced', 'synced']);
  });
});

describe('a watch that resumes', () => {
  it('is sent what changed, also what was freed, at another gateway that never saw it', async () => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    put('702', 'c-2', 11);
    const watch = bed.watch('default');
    await watch.first(3);
    const { token } = watch;
    watch.stream.cancel();
    put('701', undefined, 12);
    put('703', 'c-3', 13);
    await bed.gateway();
    const resumed = bed.watch('default', token);
    expect([...(await resumed.first(3))].sort()).toEqual(['701=', '703=c-3', 'synced']);
  });

  it('is sent nothing when nothing changed', async () => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    const watch = bed.watch('default');
    await watch.first(2);
    const resumed = bed.watch('default', watch.token);
    expect(await resumed.first(1)).toEqual(['synced']);
  });

  it('from the token of a change is not sent that change again', async () => {
    bed = await TestBed.start();
    const watch = bed.watch('default');
    await watch.first(1);
    put('701', 'c-1', 10);
    await watch.first(2);
    expect(await bed.watch('default', watch.token).first(1)).toEqual(['synced']);
  });

  it('begins anew when the owner does not keep the changes any more', async () => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    const watch = bed.watch('default');
    await watch.first(2);
    put('701', undefined, 12);
    put('702', 'c-2', 13);
    shardOf('default').forgottenUpTo = 13;
    await bed.gateway();
    const resumed = bed.watch('default', watch.token);
    expect(await resumed.first(3)).toEqual(['reset', '702=c-2', 'synced']);
  });

  it.each(['', 'x'])('begins anew with a token of another watch, or none of ours', async (garbage) => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    const all = bed.watch();
    await all.first(2);
    const resumed = bed.watch('default', garbage + all.token);
    expect(await resumed.first(3)).toEqual(['reset', '701=c-1', 'synced']);
  });

  it('begins anew with a token that names a shard there is none of, and leaves nothing behind that waits for it', async () => {
    bed = await TestBed.start();
    put('701', 'c-1', 10);
    const meta = JSON.parse(Buffer.from((await bed.store.get(keys.meta))?.value ?? '').toString()) as {
      incarnation: string;
    };
    const revisions = new Map([
      [SHARD, 10],
      [SHARDS, 1],
    ]);
    const scope = tokenScope(meta.incarnation, 'acme', '');
    const forged = writeResumeToken(scope, { issuedAtMs: Date.now(), revisions });
    expect(await bed.watch('', forged).first(3)).toEqual(['reset', '701=c-1', 'synced']);
  });

  it('begins anew with a token older than tombstones are kept', async () => {
    bed = await TestBed.start({ limits: { tokenHorizonMs: 0 } });
    put('701', 'c-1', 10);
    const watch = bed.watch('default');
    await watch.first(2);
    expect(await bed.watch('default', watch.token).first(3)).toEqual(['reset', '701=c-1', 'synced']);
  });
});

describe('draining', () => {
  it('ends watches with DRAINING, so that their clients go elsewhere', async () => {
    bed = await TestBed.start();
    const watch = bed.watch();
    await watch.first(1);
    await bed.current.drain(1_000);
    await watch.first(99);
    expect(watch.failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.DRAINING });
  });
});
