import { ManualClock, SeededRandom } from '@parkade/clock';
import { HOLDING_LOT } from '@parkade/ids';
import { ListOwnedRequest, type ListOwnedResponse, ParkState, SlotRecord } from '@parkade/proto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { step } from '../machine/index.js';
import { commands, T0 } from '../machine/testing/fixtures.js';
import { PackedSlots } from '../packed/index.js';
import { SlotTable } from '../shard/slot-table.js';
import { ListOrders } from './list-orders.js';
import { listOwned } from './list-owned.js';

const LOTS = ['east', 'west'];
let clock: ManualClock;
let orders: ListOrders;
let revision: number;
let shards: TestShard[];

/** A shard's slots, in which calls come and go. */
class TestShard {
  readonly live: { readonly table: SlotTable };

  constructor(readonly number: number) {
    this.live = { table: new SlotTable(number, new SeededRandom(1)) };
  }

  get knownRevision(): number {
    return revision;
  }

  /** Somebody comes to the slot, or else whoever is there leaves. */
  toggle(lotId: string, slot: string): void {
    const name = { tenantId: 'acme', lotId, slot };
    const { table } = this.live;
    const entry = table.entry('acme', lotId, slot);
    const parkId = entry.record?.parks[0]?.parkId;
    const command =
      parkId === undefined
        ? commands.park(`park-${++revision}`, `call-${revision}`)
        : commands.retrieve(parkId, 'phone');
    const next = step(entry.record, command, { nowMs: T0 + ++revision, name, capacity: 1, transferGraceMs: 0 });
    if (next.kind !== 'apply') throw new Error(next.kind);
    table.claim(entry, next.record.parks[0]?.call, next.record.parks.length);
    table.install(entry, next.record, revision);
  }

  pack(): void {
    for (let round = 0; round < 3; round++) for (const steps = this.live.table.packing(); steps.next().done !== true;);
  }
}

const slotName = (i: number): string => String(10_000 + i);

/** Calls in the slots of both lots of two shards: in each lot of each shard so many. */
function fill(each: number): void {
  for (const [i, shard] of shards.entries()) {
    for (const lotId of LOTS) for (let n = 0; n < each; n++) shard.toggle(lotId, slotName(2 * n + i));
    shard.pack();
  }
}

function list(request: Partial<ListOwnedRequest>): Promise<ListOwnedResponse> {
  return listOwned({ ...ListOwnedRequest.create(), tenantId: 'acme', ...request }, () => shards, 8, orders);
}

const names = ({ slots }: ListOwnedResponse): string[] => slots.map(({ lotId, slot }) => `${lotId}/${slot}`);

beforeEach(() => {
  clock = new ManualClock();
  orders = new ListOrders(clock);
  revision = 0;
  shards = [new TestShard(1), new TestShard(4)];
});

describe('the list of the slots in use', () => {
  it.each([10, 1_500])(
    'names each slot once that is in use all the time, in order, while others change (%i)',
    async (each) => {
      fill(each);
      const random = new SeededRandom(each);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
      const all = LOTS.flatMap((lotId) =>
        Array.from({ length: 2 * each + 50 }, (_, i) => ({ lotId, slot: slotName(i) })),
      );
      const inUse = new Set(names(await list({})));
      expect(inUse.size).toBe(4 * each);
      const throughout = new Set(inUse);
      const seen: string[] = [];
      for (let after = { afterLotId: '', afterSlot: '' }, more = true; more;) {
        const page = await list({ ...after, limit: 100 });
        // Nobody is told of a slot that is free now, nor is one left out that stands between those that are named.
        const last = page.slots.at(-1);
        const shown = names(page);
        const due = [...inUse].filter(
          (name) => name > (seen.at(-1) ?? '') && (!page.more || name <= (shown.at(-1) ?? '')),
        );
        expect(shown).toEqual(due.sort());
        seen.push(...shown);
        ({ more } = page);
        if (last !== undefined) after = { afterLotId: last.lotId, afterSlot: last.slot };
        for (let change = 0; change < 40; change++) {
          const { lotId, slot } = pick(all);
          const name = `${lotId}/${slot}`;
          shards[Number(slot) % 2]?.toggle(lotId, slot);
          throughout.delete(name);
          if (!inUse.delete(name)) inUse.add(name);
        }
        pick(shards).pack();
      }
      expect(seen).toEqual([...new Set(seen)].sort());
      expect([...throughout].filter((name) => !seen.includes(name))).toEqual([]);
    },
  );

  it('reads for the next page of a long list no more names than are on it', async () => {
    fill(2_500);
    const read = vi.spyOn(SlotTable.prototype, 'at');
    const first = await list({ limit: 100 });
    expect(read.mock.calls.length).toBeGreaterThan(10_000);
    read.mockClear();
    const last = first.slots.at(-1);
    const second = await list({ limit: 100, afterLotId: last?.lotId ?? '', afterSlot: last?.slot ?? '' });
    expect(second.slots).toHaveLength(100);
    expect(read.mock.calls.length).toBeLessThan(200);
    read.mockRestore();
  });

  it('looks for a call into no record but of slots that have it, or look as if', async () => {
    fill(2_500);
    const read = vi.spyOn(PackedSlots.prototype, 'recordAt');
    expect(names(await list({ call: { mediaNode: '', callId: 'nobody' }, limit: 1 }))).toEqual([]);
    expect(read.mock.calls.length).toBeLessThan(50);
    expect(names(await list({ call: { mediaNode: '', callId: 'call-1' }, limit: 1 }))).toEqual(['east/10000']);
    expect(read.mock.calls.length).toBeLessThan(100);
    read.mockRestore();
  });

  it('finds a call by its id or by that of SIP, at its node or at any, packed or not, whoever else is in the slot', async () => {
    const [shard] = shards;
    const parked = [1, 2, 3].map((n) => ({ ...commands.park(`park-${n}`, `call-${n}`), mediaNode: `m${n}` }));
    let record: SlotRecord | undefined;
    const name = { tenantId: 'acme', lotId: 'east', slot: '7' };
    for (const { mediaNode, ...command } of parked) {
      if (command.kind !== 'park') throw new Error('no park');
      const call = { ...command.call, mediaNode, sipCallId: `${command.call.callId}@sip` };
      const at = { nowMs: T0, name, capacity: 3, transferGraceMs: 0 };
      const next = step(record, { ...command, call }, at);
      if (next.kind === 'apply') ({ record } = next);
    }
    if (shard === undefined || record === undefined) throw new Error('not parked');
    const bytes = SlotRecord.encode(record).finish();
    const found = async (callId: string, mediaNode: string): Promise<number> =>
      (await list({ call: { callId, mediaNode } })).slots.length;
    const asked = (): Promise<number[]> =>
      Promise.all(['call-2', 'call-3@sip', 'call-4'].flatMap((id) => ['', 'm2', 'm3'].map((node) => found(id, node))));
    const expected = [1, 1, 0, 1, 0, 1, 0, 0, 0];
    shard.live.table.load(bytes, 1);
    expect([shard.live.table.packedCount, await asked()]).toEqual([1, expected]);
    expect(shard.live.table.find('acme', 'east', '7')?.record).toEqual(record);
    expect([shard.live.table.packedCount, await asked()]).toEqual([0, expected]);
    shard.pack();
    expect([shard.live.table.packedCount, await asked()]).toEqual([1, expected]);
  });

  it('keeps the order of a long list for a short time only', async () => {
    fill(1_500);
    await list({ limit: 100 });
    expect(orders.names).toBe(6_000);
    await clock.advance(40_000);
    expect(orders.names).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('begins anew where the shard was read again', async () => {
    fill(1_500);
    await list({ limit: 100 });
    shards = [new TestShard(1), new TestShard(4)];
    shards[0]?.toggle('east', '7');
    expect(names(await list({ limit: 100 }))).toEqual(['east/7']);
  });

  it('is of one lot, one state, one slot or one call where that is asked for; of the holding lot only then', async () => {
    fill(3);
    shards[0]?.toggle(HOLDING_LOT, 'held');
    const held = `call-${revision - 1}`;
    expect(names(await list({}))).toHaveLength(12);
    expect(names(await list({ lotId: 'west', limit: 2 }))).toEqual(['west/10000', 'west/10001']);
    expect(names(await list({ states: [ParkState.RINGBACK] }))).toEqual([]);
    expect(names(await list({ slot: '10003' }))).toEqual(['east/10003', 'west/10003']);
    expect(names(await list({ lotId: 'west', slot: '10003' }))).toEqual(['west/10003']);
    expect(names(await list({ lotId: 'west', slot: 'nobody' }))).toEqual([]);
    expect(names(await list({ lotId: HOLDING_LOT }))).toEqual([`${HOLDING_LOT}/held`]);
    expect(names(await list({ call: { mediaNode: '', callId: held } }))).toEqual([`${HOLDING_LOT}/held`]);
    expect(await list({ onlyShards: true })).toMatchObject({
      slots: [],
      shards: Buffer.from([0x12]),
      used: Buffer.from([0x12]),
    });
  });
});
