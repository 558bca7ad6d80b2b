import { SeededRandom } from '@parkade/clock';
import { newParkId, stableHash } from '@parkade/ids';
import { Selection, type SlotRecord, SlotRecord as SlotRecordMessage } from '@parkade/proto';
import { parseLot } from '@parkade/settings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, T0 } from '../machine/testing/fixtures.js';
import { type SlotCommand, step } from '../machine/index.js';
import { TenantUse } from '../quotas/tenant-use.js';
import { type SlotEntry, SlotTable } from './slot-table.js';

const SHARD = 3;
const SLOTS = ['701', '702', '703', 'löbby'];
const TENANTS = ['acme', 'globex'];
const random = new SeededRandom(7);

/** What happens to a slot of a tenant: somebody comes or goes, its tombstone goes, or somebody asks for it. */
const action = fc.record({
  kind: fc.constantFrom('park', 'begin', 'end', 'remove', 'ask', 'pack', 'load'),
  tenant: fc.constantFrom(...TENANTS),
  slot: fc.constantFrom(...SLOTS),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A table, and what was done to it that another one can be asked about. */
class Played {
  readonly table = new SlotTable(SHARD, new SeededRandom(1));
  readonly use = new TenantUse();
  readonly parkIds: string[] = [];
  #revision = 0;

  constructor(private readonly packs: boolean) {
    this.table.attach(this.use);
  }

  play({ kind, tenant, slot }: Action, parkId: string, callId: string): void {
    const { table, packs } = this;
    this.#revision++;
    if (kind === 'pack') {
      if (packs) packAll(table);
      return;
    }
    if (kind === 'load') {
      const record = this.#next(
        table.find(tenant, 'default', slot)?.record,
        tenant,
        slot,
        commands.park(parkId, callId),
      );
      if (record === undefined) return;
      if (packs) table.load(SlotRecordMessage.encode(record).finish(), this.#revision);
      else table.install(table.entry(tenant, 'default', slot), record, this.#revision);
      this.parkIds.push(parkId);
      return;
    }
    const entry = table.entry(tenant, 'default', slot);
    const oldest = entry.record?.parks[0]?.parkId;
    if (kind === 'park') {
      this.#apply(entry, commands.park(parkId, callId));
      this.parkIds.push(parkId);
    } else if (kind === 'begin' && oldest !== undefined) this.#apply(entry, commands.begin(oldest, 'phone', 'r'));
    else if (kind === 'end' && oldest !== undefined) this.#apply(entry, commands.retrieve(oldest, 'phone'));
    else if (kind === 'remove' && entry.record?.parks.length === 0) table.remove(entry);
    table.dropUnused(entry);
  }

  #apply(entry: SlotEntry, command: SlotCommand): void {
    const { tenantId, slot } = entry.name;
    const record = this.#next(entry.record, tenantId, slot, command);
    if (record === undefined) return;
    this.table.claim(entry, record.parks.at(-1)?.call, record.parks.length);
    this.table.install(entry, record, this.#revision);
  }

  #next(record: SlotRecord | undefined, tenantId: string, slot: string, command: SlotCommand): SlotRecord | undefined {
    const name = { tenantId, lotId: 'default', slot };
    const result = step(record, command, { nowMs: T0 + this.#revision, name, capacity: 2, transferGraceMs: 0 });
    return result.kind === 'apply' ? result.record : undefined;
  }

  /** All that can be asked, answered. */
  state(parkIds: readonly string[]): unknown {
    const { table, use } = this;
    const all = [...table.all()].map(({ key, name, record, revision }) => ({ key, name, record, revision }));
    const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1);
    const half = this.#revision / 2;
    return {
      revisions: TENANTS.flatMap((tenantId) =>
        SLOTS.map((slot) => table.revisionOf({ tenantId, lotId: 'default', slot })),
      ),
      taken: TENANTS.flatMap((tenantId) => SLOTS.map((slot) => table.isTaken(tenantId, 'default', slot))),
      all: all.sort(byKey),
      later: [...table.all(half)].map(({ key }) => key).sort(),
      lots: TENANTS.map((tenantId) => [...table.slotsOf(tenantId, 'default')].map(({ key }) => key).sort()),
      counts: [table.parkCount, ...TENANTS.map((tenantId) => table.parkCountOf(tenantId)), table.newestRevision],
      use: TENANTS.map((tenantId) => [use.calls(tenantId), use.slots(tenantId)]),
      cursors: table.cursors(),
      choices: TENANTS.map((tenantId) => table.pool(tenantId, LOT, 0).choose(Selection.LONGEST_IDLE, { random: 0.5 })),
      // Asked last: who is asked for is packed no more.
      byPark: parkIds.map((id) => [table.byPark(id)?.record, table.byEndedPark(id)?.record]),
      byCall: parkIds.map((_, i) => table.byCall('acme', { mediaNode: 'm1', callId: `call-${i}` })?.record),
    };
  }
}

/** So many rounds that everything nobody holds is packed. */
function packAll(table: SlotTable): void {
  for (let round = 0; round < 3; round++) for (const steps = table.packing(); steps.next().done !== true;);
}

const parsed = parseLot('default', { ranges: [{ first: '701', last: '703' }], any_slot: true });
if (!parsed.ok) throw new Error('no lot');
const LOT = parsed.value;

/** Two slots whose names fall together by the hash that everybody knows, as it would be asked for such a slot. */
function collidingSlots(): readonly [string, string] {
  const byHash = new Map<number, string>();
  for (let slot = 0; ; slot++) {
    const hash = stableHash(`sacme\0default\0${slot}`);
    const other = byHash.get(hash);
    if (other !== undefined) return [other, String(slot)];
    byHash.set(hash, String(slot));
  }
}

describe('SlotTable', () => {
  it('has no slots together that a tenant named so that they fall together', () => {
    const table = new SlotTable(SHARD, random);
    for (const [i, slot] of collidingSlots().entries()) {
      const name = { tenantId: 'acme', lotId: 'default', slot };
      const command = commands.park(newParkId(T0, SHARD, random), `call-${i}`);
      const parked = step(undefined, command, { nowMs: T0, name, capacity: 1, transferGraceMs: 0 });
      if (parked.kind !== 'apply') throw new Error('not parked');
      table.load(SlotRecordMessage.encode(parked.record).finish(), i + 1);
    }
    // A slot whose name may be known already is read as objects.
    expect(table.packedCount).toBe(2);
  });

  it('tells the same of a slot whether it is packed or not, through whatever happens to it (L1-L4)', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 60 }), (actions) => {
        const [packing, plain] = [new Played(true), new Played(false)];
        for (const [i, each] of actions.entries()) {
          const parkId = newParkId(T0 + i, SHARD, random);
          packing.play(each, parkId, `call-${i}`);
          plain.play(each, parkId, `call-${i}`);
        }
        if (actions.length % 2 === 0) packAll(packing.table);
        expect(packing.state(plain.parkIds)).toEqual(plain.state(plain.parkIds));
        for (const { table, use } of [packing, plain]) {
          table.retire();
          expect(use.tenants.size).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
