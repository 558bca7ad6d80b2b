import { homeShard, keys, slotShard } from '@parkade/ids';
import { Consistency, TransitionKind } from '@parkade/proto';
import { putLot } from '@parkade/settings';
import { StoreError } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, gate, ShardBench, writesSlot } from '../testing/shard-bench.js';
import type { Shard } from './shard.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
const away = slotShard('acme', 'vip', '5', 1, BENCH_SHARDS);
let bench: ShardBench;
let shard: Shard;
beforeEach(async () => {
  bench = await ShardBench.start();
  shard = await bench.own(home);
});
afterEach(() => bench.close());

const park = (slot: string, callId = `call-${slot}`) =>
  bench.send(home, { $case: 'park', value: parkRequest(callId, slotTarget(slot)) });
const getSlot = (slot: string, consistency: Consistency) =>
  bench.send(home, { $case: 'getSlot', value: { tenantId: 'acme', slot: { lotId: '', slot }, consistency } });
const lostAnswer = () => Promise.reject(new StoreError('unavailable', 'the answer was lost', true));

describe('a shard (H4)', () => {
  it('answers a command it cannot deal with, and goes on', async () => {
    const request = parkRequest('call-1', slotTarget('701'));
    // A number that the record cannot hold: the gateway refuses it, something else may not.
    const overrides = { ringbackTimeout: { seconds: Number.MAX_VALUE, nanos: 0 } };
    const bad = { ...request, overrides: { ...overrides, presenceId: '', presenceType: 0 } } as never;
    expect(kindOf(await bench.send(home, { $case: 'park', value: bad }))).toBe('INTERNAL');
    expect(kindOf(await park('701'))).toBe('park');
  });

  it('keeps nothing of a slot that nobody was ever in, where a move to it is refused', async () => {
    const { parkId } = parkOf(await park('701'));
    const by = retrieveRequest({ $case: 'parkId', value: parkId }, 'phone');
    parkOf(await bench.send(home, { $case: 'retrieve', value: by }));
    const request = { requestId: requestId(), tenantId: 'acme', parkId, slot: { lotId: '', slot: '777' } };
    expect(kindOf(await bench.send(home, { $case: 'move', value: { request, hold: undefined } }))).toBe('PARK_ENDED');
    expect([...shard.live.table.entries()].map(({ name }) => name.slot)).toEqual(['701']);
  });

  it('answers everybody who asked the same thing as a command whose outcome is unknown, once and alike', async () => {
    bench.between = async (txn, pass) => {
      await pass();
      if (!writesSlot(txn)) return pass();
      bench.between = (_, next) => next();
      return lostAnswer();
    };
    const op = { $case: 'park' as const, value: parkRequest('call-1', slotTarget('701')) };
    const answers = await Promise.all([bench.send(home, op), bench.send(home, op), bench.send(home, op)]);
    expect(new Set(answers.map((answer) => parkOf(answer).parkId)).size).toBe(1);
    expect(bench.told).toHaveLength(1);
  });

  it('sends everybody away when it is lost in the middle of a recovery', async () => {
    bench.between = (txn, pass) => (writesSlot(txn) ? lostAnswer() : pass());
    const raise = gate();
    bench.beforeRaise = () => raise.opened;
    const first = park('701');
    await expect.poll(() => shard.serving).toBe(false);
    const second = park('702');
    shard.lose();
    raise.open();
    expect([kindOf(await first), kindOf(await second)]).toEqual(['notOwner', 'notOwner']);
  });

  it('lets go of commands whose time is over while it cannot be read, as more come: others of the process have their room', async () => {
    const raise = gate();
    bench.beforeRaise = () => raise.opened;
    const reload = shard.reload();
    const ask = (call: string, timeoutMs: number) =>
      bench.send(home, { $case: 'park', value: parkRequest(call, slotTarget('701')) }, { timeoutMs });
    const late = Array.from({ length: 60 }, (_, i) => ask(`late-${i}`, 1));
    const waits = ask('waits', 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const more = Array.from({ length: 10 }, (_, i) => ask(`more-${i}`, 60_000));
    for (const answer of await Promise.all(late)) expect(kindOf(answer)).toBe('DEADLINE');
    raise.open();
    await reload;
    expect(kindOf(await waits)).toBe('park');
    for (const answer of await Promise.all(more)) expect(kindOf(answer)).toBe('SLOT_OCCUPIED');
  });

  it('ends a drain that began during a recovery, and takes nothing new meanwhile', async () => {
    bench.between = (txn, pass) => (writesSlot(txn) ? lostAnswer() : pass());
    const raise = gate();
    bench.beforeRaise = () => raise.opened;
    const first = park('701');
    await expect.poll(() => shard.serving).toBe(false);
    const drained = shard.drain();
    const second = park('702');
    raise.open();
    await drained;
    shard.lose();
    expect(kindOf(await second)).toBe('notOwner');
    // Not written, so it may be done by the next owner.
    expect(kindOf(await first)).toBe('notOwner');
    expect(await bench.inner.get(keys.slot(home, 'acme', 'default', '701'))).toBeUndefined();
  });
});

describe('while a shard is being read again', () => {
  it('answers reads whose caller takes what was known, and says that they are not fenced', async () => {
    await park('701');
    const raise = gate();
    bench.beforeRaise = () => raise.opened;
    const reload = shard.reload();
    const read = await getSlot('701', Consistency.UNFENCED);
    expect(read.result).toMatchObject({ $case: 'slot', value: { parks: [{}] } });
    expect(read.fenced).toBe(false);
    const fenced = getSlot('701', Consistency.FENCED);
    raise.open();
    await reload;
    expect((await fenced).fenced).toBe(true);
  });
});

describe('a refused move', () => {
  it('leaves what is due in its slot due', async () => {
    await putLot(bench.inner, 'acme', 'pairs', { any_slot: true, slot_capacity: 2 });
    await expect.poll(() => bench.settings.tenant('acme')?.lot('pairs')).toBeDefined();
    const number = homeShard('acme', 'pairs', BENCH_SHARDS);
    const source = await bench.own(number);
    await bench.own(away);
    expect(away).not.toBe(number);
    const target = slotTarget('d', 'pairs');
    const parked = async (callId: string) =>
      parkOf(await bench.send(number, { $case: 'park', value: parkRequest(callId, target) })).parkId;
    const [taken, moved] = [await parked('call-1'), await parked('call-2')];
    const begin = retrieveRequest({ $case: 'parkId', value: taken }, 'phone');
    begin.giveUpAfter = { seconds: 0, nanos: 50_000_000 };
    await bench.send(number, { $case: 'beginRetrieve', value: begin });
    const request = { requestId: requestId(), tenantId: 'acme', parkId: moved, slot: { lotId: 'vip', slot: '5' } };
    const held = await bench.send(away, { $case: 'holdForMove', value: { request } });
    if (held.result?.$case !== 'hold') throw new Error(kindOf(held));
    await bench.own(away);
    const late = gate();
    bench.between = (_, pass) => late.opened.then(pass);
    const refused = bench.send(number, { $case: 'move', value: { request, hold: held.result.value } });
    await new Promise((resolve) => setTimeout(resolve, 60));
    source.tick();
    late.open();
    expect(kindOf(await refused)).toBe('WRONG_STATE');
    source.tick();
    await expect.poll(() => bench.told.at(-1)?.record.last?.kind).toBe(TransitionKind.GIVEN_BACK);
  });
});
