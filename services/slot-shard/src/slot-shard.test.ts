import { EmbeddedBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { HOLDING_LOT, homeShard, keys, partShard, slotShard } from '@parkade/ids';
import {
  CallRef,
  type CommandAnswer,
  Consistency,
  type FollowShardResponse,
  MediaControl,
  ParkState,
  PickupState,
  ReleaseCause,
  ReserveRequest,
  SlotRecord,
} from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { putLot, putTenant } from '@parkade/settings';
import { openEmbeddedStore, prefixRange, type Store, StoreError } from '@parkade/store';
import { afterEach, describe as suite, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type SlotShardLimits } from './config.js';
import { type SlotShard, startSlotShard } from './slot-shard.js';
import {
  describe,
  OwnerClient,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from './testing/owner-client.js';

const SHARDS = 8;
const clock = new SystemClock();
const random = new SystemRandom();
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function newStore(): Promise<Store> {
  const store = await openEmbeddedStore({ clock });
  closers.push(() => store.close());
  await putTenant(store, 'acme', {});
  await putLot(store, 'acme', 'default', { ranges: [{ first: '701', last: '720' }], any_slot: true });
  return store;
}

async function newOwner(store: Store, memberId: string, limits: Partial<SlotShardLimits> = {}): Promise<SlotShard> {
  const bus = new EmbeddedBus({ clock });
  const owner = await startSlotShard(
    {
      memberId,
      host: '127.0.0.1',
      port: 0,
      version: '1.0.0',
      leaseTtlMs: 2_000,
      limits: { ...DEFAULT_LIMITS, ...limits },
    },
    SHARDS,
    { store, bus, clock, random, log: silentLog, timing: { joinDelayMs: 10, settleMs: 50, claimJitterMs: 1 } },
  );
  closers.push(() => owner.close());
  return owner;
}

async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error('condition not met in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function oneOwner(
  limits: Partial<SlotShardLimits> = {},
  wrap: (store: Store) => Store = (store) => store,
): Promise<{ store: Store; owner: SlotShard; client: OwnerClient }> {
  const store = await newStore();
  const owner = await newOwner(wrap(store), 'owner-1', limits);
  await until(() => owner.ownedShards() === SHARDS);
  const client = new OwnerClient(owner.address);
  closers.push(() => client.close());
  return { store, owner, client };
}

const home = homeShard('acme', 'default', SHARDS);
const slot = (id: string) => ({ $case: 'slot' as const, value: { lotId: '', slot: id } });
const park = (id: string, at: string, reqId = requestId()) => ({
  $case: 'park' as const,
  value: parkRequest(id, slotTarget(at), reqId),
});

suite('an owner', () => {
  it('parks a call durably and gives it to exactly one retriever (R1, R2)', async () => {
    const { store, client } = await oneOwner();
    const parked = parkOf(await client.send(home, park('call-1', '701')));
    expect(parked).toMatchObject({ slot: '701', state: ParkState.PARKED, lotId: 'default' });
    const stored = await store.get(keys.slot(home, 'acme', 'default', '701'));
    expect(stored?.modRevision).toBe(parked.revision);
    expect(SlotRecord.decode(stored?.value ?? new Uint8Array()).parks[0]?.parkId).toBe(parked.parkId);

    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        client.send(home, { $case: 'retrieve', value: retrieveRequest(slot('701'), `phone-${i}`) }),
      ),
    );
    const kinds = answers.map(describe);
    expect(kinds.filter((kind) => kind === 'park')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'SLOT_EMPTY')).toHaveLength(15);
    expect(answers.filter((answer) => describe(answer) !== 'park').every(({ fenced }) => fenced)).toBe(true);
  });

  it('lets one of 64 concurrent parks have the slot, and gives 64 automatic parks 64 slots (R1)', async () => {
    const { store, client } = await oneOwner();
    await putLot(store, 'acme', 'big', { ranges: [{ first: '100', last: '199' }] });
    const same = await Promise.all(Array.from({ length: 64 }, (_, i) => client.send(home, park(`same-${i}`, '702'))));
    expect(same.map(describe).filter((kind) => kind === 'park')).toHaveLength(1);
    expect(same.map(describe).filter((kind) => kind === 'SLOT_OCCUPIED')).toHaveLength(63);
    const bigHome = homeShard('acme', 'big', SHARDS);
    const target = { kind: { $case: 'lot' as const, value: { lotId: 'big', selection: 0, maxSlotNumber: 0 } } };
    const auto = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        client.send(bigHome, { $case: 'park', value: parkRequest(`auto-${i}`, target) }),
      ),
    );
    expect(new Set(auto.map((answer) => parkOf(answer).slot)).size).toBe(64);
  });

  it('answers a replay as the first time, also concurrently, and refuses the id with another body (R24)', async () => {
    const { client } = await oneOwner();
    const op = park('call-1', '701');
    const [first, twin] = await Promise.all([client.send(home, op), client.send(home, op)]);
    const again = await client.send(home, op);
    expect(parkOf(twin)).toEqual(parkOf(first));
    expect(parkOf(again)).toEqual(parkOf(first));
    const other = { ...op, value: { ...op.value, note: 'other' } };
    expect(describe(await client.send(home, other))).toBe('REQUEST_ID_REUSED');
  });

  it('refuses a call that is parked already, and ids older than the horizon', async () => {
    const { client } = await oneOwner({ horizonMs: 60_000 });
    await client.send(home, park('call-1', '701'));
    expect(describe(await client.send(home, park('call-1', '702')))).toBe('CALL_ALREADY_PARKED');
    const old = parkRequest('call-2', slotTarget('703'), '01800000-0000-7000-8000-000000000000');
    expect(describe(await client.send(home, { $case: 'park', value: old }))).toBe('REQUEST_TOO_OLD');
  });

  it('gives a retrieve back when nobody confirms it, with the time that was left (R3)', async () => {
    const { client } = await oneOwner();
    const parked = parkOf(await client.send(home, park('call-1', '701')));
    const begin = retrieveRequest({ $case: 'parkId', value: parked.parkId }, 'phone');
    begin.giveUpAfter = { seconds: 0, nanos: 100_000_000 };
    const taken = parkOf(await client.send(home, { $case: 'beginRetrieve', value: begin }));
    expect(taken.state).toBe(ParkState.RETRIEVING);
    const read = async () =>
      client.send(home, {
        $case: 'getPark',
        value: { tenantId: 'acme', by: { $case: 'parkId', value: parked.parkId }, consistency: Consistency.FENCED },
      });
    let now = parkOf(await read());
    await until(
      () => now.state === ParkState.PARKED || (void read().then((answer) => (now = parkOf(answer))), false),
      3_000,
    );
    const confirm = { requestId: requestId(), tenantId: 'acme', parkId: parked.parkId, retrieveId: taken.retrieveId };
    expect(describe(await client.send(home, { $case: 'confirmRetrieve', value: confirm }))).toBe('RETRIEVE_EXPIRED');
  });

  it('lets a pickup be claimed once: asked again it gives the same answer, another asker is refused, and its sender cannot give it back (R2)', async () => {
    const { store, client } = await oneOwner();
    await putTenant(store, 'other', {});
    const parked = parkOf(await client.send(home, park('call-1', '701')));
    const digest = Buffer.alloc(32, 7);
    const value = { ...retrieveRequest({ $case: 'parkId', value: parked.parkId }, 'phone'), pickupDigest: digest };
    const begun = parkOf(await client.send(home, { $case: 'beginRetrieve', value }));
    expect(begun.pickup).toBe(PickupState.OPEN);
    const named = { tenantId: 'acme', parkId: parked.parkId };
    const nodes = { mediaNode: parked.call?.mediaNode ?? '', fromMediaNodes: [begun.retriever?.mediaNode ?? ''] };
    const first = { ...named, ...nodes, requestId: requestId(), digest };
    const claim = (value: typeof first): Promise<CommandAnswer> => client.send(home, { $case: 'claimPickup', value });
    const foreign = { ...first, requestId: requestId(), tenantId: 'other' };
    expect(describe(await claim(foreign))).toBe('PARK_NOT_FOUND');
    const claimed = parkOf(await claim(first));
    expect(claimed).toMatchObject({ pickup: PickupState.CLAIMED, retrieveId: begun.retrieveId });
    expect(parkOf(await claim(first))).toEqual(claimed);
    expect(describe(await claim({ ...first, requestId: requestId() }))).toBe('PICKUP_REFUSED');
    const back = { ...named, requestId: requestId(), retrieveId: begun.retrieveId, cause: '', ifUnclaimed: true };
    expect(describe(await client.send(home, { $case: 'giveBackRetrieve', value: back }))).toBe('PICKUP_CLAIMED');
  });

  it('parks a caller who completes a transfer too late with all that was reserved for him: parker, note, flow, timers, media (R10)', async () => {
    const { client } = await oneOwner();
    const reserve = ReserveRequest.fromPartial({
      requestId: requestId(),
      tenantId: 'acme',
      target: slotTarget('701'),
      call: { mediaNode: 'node-1', callId: 'consult' },
      parker: { userId: 'alice', extension: '1001' },
      note: 'blue car',
      mediaControl: MediaControl.CLUSTER,
      overrides: { ringbackTimeout: { seconds: 77 }, maxPark: { seconds: 600 } },
      flow: { flowId: 'f', children: [{ key: '_', target: { to: { $case: 'voicemail', value: '1001' } } }] },
    });
    const reserved = parkOf(await client.send(home, { $case: 'reserve', value: reserve }));
    const named = { tenantId: 'acme', parkId: reserved.parkId };
    const release = { ...named, requestId: requestId(), cause: ReleaseCause.ABANDONED, callId: 'consult' };
    await client.send(home, { $case: 'release', value: release });
    const caller = CallRef.fromPartial({ mediaNode: 'node-1', callId: 'caller' });
    const value = { ...named, requestId: requestId(), call: caller };
    const late = parkOf(await client.send(home, { $case: 'completeReservation', value }));
    const { parker, note, mediaControl, branch, policy } = reserved;
    expect(branch?.child).toBe('_');
    expect(late).toMatchObject({ state: ParkState.PARKED, call: caller, parker, note, mediaControl, branch });
    expect(late.parkId).not.toBe(reserved.parkId);
    const lamp = { presenceId: late.policy?.presenceId, presenceType: late.policy?.presenceType };
    expect(late.policy).toEqual({ ...policy, ...lamp });
    expect(lamp.presenceId).toBe(`*3${late.slot}`);
  });

  it('holds a caller who completes a transfer too late into a full lot, at another shard, for the same parker (R7, R10)', async () => {
    const { client } = await oneOwner();
    const reserve = ReserveRequest.fromPartial({
      requestId: requestId(),
      tenantId: 'acme',
      target: slotTarget('701'),
      call: { mediaNode: 'node-1', callId: 'consult' },
      parker: { userId: 'alice', extension: '1001' },
      note: 'blue car',
      mediaControl: MediaControl.CLUSTER,
    });
    const { parkId } = parkOf(await client.send(home, { $case: 'reserve', value: reserve }));
    const named = { tenantId: 'acme', parkId };
    const release = { ...named, requestId: requestId(), cause: ReleaseCause.ABANDONED, callId: 'consult' };
    await client.send(home, { $case: 'release', value: release });
    const id = requestId();
    const route = { requestId: id, tenantId: 'acme', lotId: '', step: 1, holding: true, parkId, beyondMax: 0 };
    const routed = await client.send(home, { $case: 'routeChoice', value: route });
    if (routed.result?.$case !== 'route') throw new Error(describe(routed));
    const { reserved } = routed.result.value;
    const away = homeShard('acme', HOLDING_LOT, SHARDS);
    expect(away).not.toBe(home);
    const caller = CallRef.fromPartial({ mediaNode: 'node-1', callId: 'caller' });
    const value = { ...named, requestId: id, call: caller };
    const order = { lotId: HOLDING_LOT, ...(reserved !== undefined && { reserved }) };
    const held = parkOf(await client.send(away, { $case: 'completeReservation', value }, order));
    const { parker, note, mediaControl } = reserve;
    const expected = { state: ParkState.PARKED, lotId: HOLDING_LOT, call: caller, parker, note, mediaControl };
    expect(held).toMatchObject(expected);
  });

  it('moves a call to a slot of another shard: it is in one place at every moment', async () => {
    const { store, client } = await oneOwner();
    await putLot(store, 'acme', 'vip', { ranges: [{ first: '1', last: '9' }] });
    const away = slotShard('acme', 'vip', '5', 1, SHARDS);
    expect(away).not.toBe(home);
    const parked = parkOf(await client.send(home, park('call-1', '701')));
    const request = {
      requestId: requestId(),
      tenantId: 'acme',
      parkId: parked.parkId,
      slot: { lotId: 'vip', slot: '5' },
    };
    const held = await client.send(away, { $case: 'holdForMove', value: { request } });
    if (held.result?.$case !== 'hold') throw new Error(describe(held));
    const moved = parkOf(await client.send(home, { $case: 'move', value: { request, hold: held.result.value } }));
    expect(moved).toMatchObject({ lotId: 'vip', slot: '5', previousParkId: parked.parkId });
    const settle = { tenantId: 'acme', slot: { lotId: 'vip', slot: '5' }, moveId: request.requestId, drop: false };
    await client.send(away, { $case: 'settleMove', value: settle });
    const taken = await client.send(away, {
      $case: 'retrieve',
      value: retrieveRequest({ $case: 'slot', value: { lotId: 'vip', slot: '5' } }, 'phone'),
    });
    expect(parkOf(taken).parkId).toBe(moved.parkId);
    const old = {
      tenantId: 'acme',
      by: { $case: 'parkId' as const, value: parked.parkId },
      consistency: Consistency.FENCED,
    };
    expect(describe(await client.send(home, { $case: 'getPark', value: old }))).toBe('PARK_ENDED');
  });

  it('records where an automatic choice goes beyond its home, so that a replay goes the same way', async () => {
    const { store, client } = await oneOwner();
    await putLot(store, 'acme', 'wide', { ranges: [{ first: '1', last: '8' }], spread: 4, overflow_lot_id: 'default' });
    const target = { kind: { $case: 'lot' as const, value: { lotId: 'wide', selection: 0, maxSlotNumber: 0 } } };
    const wideHome = homeShard('acme', 'wide', SHARDS);
    const fill = async (i: number, part: number): Promise<CommandAnswer> =>
      client.send(
        partShard('acme', 'wide', part, SHARDS),
        { $case: 'park', value: parkRequest(`fill-${part}-${i}`, target) },
        { part },
      );
    for (let part = 0; part < 4; part++) {
      for (let i = 0; describe(await fill(i, part)) === 'park'; i++);
    }
    const request = parkRequest('late', target);
    const op = { $case: 'park' as const, value: request };
    expect(describe(await client.send(wideHome, op))).toBe('partFull');
    const fingerprint = 7;
    const seen: string[] = [];
    for (let step = 1; step <= 5; step++) {
      const route = {
        requestId: request.requestId,
        tenantId: 'acme',
        lotId: 'wide',
        step,
        holding: false,
        parkId: '',
        beyondMax: 0,
      };
      const answer = await client.send(wideHome, { $case: 'routeChoice', value: route }, { fingerprint });
      if (answer.result?.$case !== 'route') throw new Error(describe(answer));
      seen.push(JSON.stringify(answer.result.value.to));
      const again = await client.send(wideHome, { $case: 'routeChoice', value: route }, { fingerprint });
      expect(again.result).toEqual(answer.result);
    }
    expect(new Set(seen.slice(0, 3)).size).toBe(3);
    expect(seen.slice(3)).toEqual(['{"$case":"lotId","value":"default"}', '{"$case":"full","value":true}']);
    // Although a slot at home is free again, the replay is sent on.
    expect(describe(await client.send(wideHome, op, { fingerprint }))).toBe('route');
  });

  it('keeps a call without a slot in the holding lot, due at once', async () => {
    const { client } = await oneOwner();
    const shard = homeShard('acme', HOLDING_LOT, SHARDS);
    const held = parkOf(await client.send(shard, park('call-1', '701'), { lotId: HOLDING_LOT }));
    expect(held).toMatchObject({ lotId: HOLDING_LOT, slot: held.parkId });
    expect(held.recallAt?.seconds).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
  });
});

/** A store whose next transactions are applied but not answered, as many as `losing.count` says. */
function forgetful(store: Store, losing: { count: number }): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const bound = value.bind(target) as (...args: unknown[]) => unknown;
      if (name !== 'txn') return bound;
      return async (...args: Parameters<Store['txn']>) => {
        const result = await target.txn(...args);
        const slotPut = args[0].success.some((op) => op.kind === 'put' && op.key.includes('/slots/'));
        if (slotPut && losing.count > 0) {
          losing.count--;
          throw new StoreError('unavailable', 'the answer was lost', true);
        }
        return result;
      };
    },
  });
}

suite('an owner whose commit outcome is unknown', () => {
  it('finds out from the journal and answers what happened, once', async () => {
    const losing = { count: 0 };
    const { store, client } = await oneOwner({}, (inner) => forgetful(inner, losing));
    losing.count = 3;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.send(home, park(`call-${i}`, `${701 + i}`))),
    );
    expect(losing.count).toBe(0);
    expect(answers.map(describe)).toEqual(Array.from({ length: 20 }, () => 'park'));
    const stored = await store.range(prefixRange(keys.slots(home)));
    const inStore = stored.kvs.map(({ value }) => SlotRecord.decode(value).parks.map(({ parkId }) => parkId)).flat();
    expect(new Set(inStore)).toEqual(new Set(answers.map((answer) => parkOf(answer).parkId)));
    expect(inStore).toHaveLength(20);
  });
});

suite('two owners', () => {
  it('hand shards over under load: nothing fails, replays get the first answer', async () => {
    const { store, owner, client } = await oneOwner();
    const op = park('first', '799');
    const first = parkOf(await client.send(home, op));
    const second = await newOwner(store, 'owner-2');
    const other = new OwnerClient(second.address);
    closers.push(() => other.close());
    let ended = false;
    const refused: string[] = [];
    const load = (async () => {
      for (let i = 0; !ended; i++) {
        const request = parkRequest(`load-${i}`, slotTarget(`x${i}`));
        for (let sender = client; ; sender = sender === client ? other : client) {
          const answer = await sender.send(home, { $case: 'park', value: request });
          if (describe(answer) === 'park') break;
          if (describe(answer) !== 'notOwner') refused.push(describe(answer));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
    })();
    await until(() => owner.ownedShards() === SHARDS / 2 && second.ownedShards() === SHARDS / 2);
    await owner.drain(5_000);
    await until(() => second.ownedShards() === SHARDS);
    ended = true;
    await load;
    expect(refused).toEqual([]);
    expect(parkOf(await other.send(home, op))).toEqual(first);
  });
});

suite('a follower', () => {
  it('gets a snapshot, then changes, and resumes without losing any', async () => {
    const { client } = await oneOwner();
    await client.send(home, park('call-1', '701'));
    const follow = (afterRevision: number) => {
      const seen: FollowShardResponse[] = [];
      const stream = client.rpc.followShard({ shard: home, afterRevision });
      stream.on('data', (response: FollowShardResponse) => seen.push(response));
      stream.on('error', () => undefined);
      closers.push(() => stream.cancel());
      return { seen, stream };
    };
    const { seen, stream } = follow(0);
    await until(() => seen.some(({ synced }) => synced));
    expect(seen[0]?.reset).toBe(true);
    await client.send(home, park('call-2', '702'));
    await until(() => seen.flatMap(({ records }) => records).length === 2);
    stream.cancel();
    const last = seen.at(-1)?.revision ?? 0;
    await client.send(home, { $case: 'retrieve', value: retrieveRequest(slot('701'), 'phone') });
    const resumed = follow(last);
    await until(() => resumed.seen.some(({ synced }) => synced));
    const records = resumed.seen.flatMap((response) => response.records);
    expect(resumed.seen[0]?.reset).toBe(false);
    expect(records.map(({ record }) => [record?.name?.slot, record?.parks.length])).toEqual([['701', 0]]);
  });
});

suite('upkeep', () => {
  it('drops answers and tombstones beyond the horizon, and refuses what it forgot', async () => {
    const { store, client } = await oneOwner({ horizonMs: 400, upkeepMs: 50, markMs: 50 });
    const op = park('call-1', '701');
    await client.send(home, op);
    await client.send(home, { $case: 'retrieve', value: retrieveRequest(slot('701'), 'phone') });
    for (let i = 0; i < 70; i++) await client.send(home, park(`later-${i}`, `later-${i}`));
    const gone = async () => (await store.get(keys.slot(home, 'acme', 'default', '701'))) === undefined;
    let empty = false;
    await until(() => empty || (void gone().then((now) => (empty = now)), false));
    expect(describe(await client.send(home, op))).toBe('REQUEST_TOO_OLD');
    expect(describe(await client.send(home, park('call-1', '701')))).toBe('park');
  });
});
