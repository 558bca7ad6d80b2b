import { SeededRandom } from '@parkade/clock';
import { SecretHash } from '@parkade/ids';
import type { SlotRecord } from '@parkade/proto';
import { encodeRecord } from '@parkade/slots';
import { describe, expect, it } from 'vitest';
import { commands, NAME, play } from '../machine/testing/fixtures.js';
import { NameHashes } from './name-hashes.js';
import { PackedSlot } from './packed-slot.js';
import { PackedSlots } from './packed-slots.js';

const hashes = new NameHashes(new SecretHash(new SeededRandom(2)));
const record = play([0, commands.park('park-1', 'call-1')], [1, commands.park('park-2', 'call-2')]);
const gone = play([0, commands.park('park-3', 'call-3')], [1, commands.retrieve('park-3', 'phone')]);

function pack(
  slots: PackedSlots,
  place: number,
  packed: SlotRecord,
  [revision, lot, freedAtMs]: readonly [number, number, number],
): boolean {
  return slots.pack(
    place,
    { hashes: hashes.ofRecord(packed), marks: hashes.marksOf(packed), revision, lot, freedAtMs },
    encodeRecord(packed),
  );
}

function packed(): { readonly slots: PackedSlots; readonly place: number } {
  const slots = new PackedSlots(hashes);
  const place = slots.take();
  expect(pack(slots, place, record, [9, 4, 0])).toBe(true);
  return { slots, place };
}

describe('PackedSlots', () => {
  it('gives back the record it was given, and tells the rest without (Z1, Z3)', () => {
    const { slots, place } = packed();
    expect([slots.revisionAt(place), slots.lotAt(place), slots.freedAtMs(place), slots.size]).toEqual([9, 4, 0, 1]);
    expect(slots.nameAt(place)).toEqual(NAME);
    expect(new PackedSlot(slots, place, 3)).toMatchObject({ name: NAME, revision: 9, record });
    expect(slots.unpack(place)).toEqual(record);
    expect([slots.size, slots.isPacked(place)]).toEqual([0, false]);
    expect(() => slots.recordAt(place)).toThrow(RangeError);
  });

  it('finds a slot by all of its names while it is packed, and by none after (Z2)', () => {
    const { slots, place } = packed();
    const other = slots.take();
    const name = { ...NAME, slot: '702' };
    pack(slots, other, { ...gone, name }, [10, 4, 1]);
    const found = (): unknown[] =>
      [
        slots.findSlot('acme', 'main', '701'),
        slots.findPark('park-2'),
        slots.findCall('acme', { mediaNode: 'm1', callId: 'call-1' }),
        slots.findEnded('park-3'),
        slots.findSlot('globex', 'main', '701'),
        slots.findPark('park-3'),
        slots.findEnded('park-1'),
        slots.findCall('globex', { mediaNode: 'm1', callId: 'call-1' }),
      ].map((each) => each?.place);
    const nowhere = [undefined, undefined, undefined, undefined];
    expect(found()).toEqual([place, place, place, other, ...nowhere]);
    slots.unpack(place);
    expect(found()).toEqual([undefined, undefined, undefined, other, ...nowhere]);
    expect([slots.size, slots.tombstones]).toEqual([1, 1]);
  });

  it('gives a place to somebody else only when it was released', () => {
    const slots = new PackedSlots(hashes);
    const places = [slots.take(), slots.take(), slots.take()];
    expect(new Set(places).size).toBe(3);
    slots.release(places[1] ?? -1);
    expect([slots.take(), slots.places]).toEqual([places[1], 3]);
  });

  it('does not take what is too large for it, and takes what is not even when it comes first (Z1)', () => {
    const slots = new PackedSlots(hashes);
    const place = slots.take();
    const notes = (length: number) => ({
      ...record,
      parks: record.parks.map((park) => ({
        ...park,
        note: Array.from({ length }, (_, i) => String(i * 7919)).join(' '),
      })),
    });
    expect(pack(slots, place, notes(3_000), [1, 0, 0])).toBe(false);
    expect([slots.size, slots.isPacked(place)]).toEqual([0, false]);
    expect(pack(slots, place, notes(600), [1, 0, 0])).toBe(true);
    expect(slots.recordAt(place)).toEqual(notes(600));
  });
});
