import { ParkRecord, SlotRecord, TransitionKind } from '@parkade/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord, eachPackedId, encodeRecord } from './stored-record.js';

const name = { tenantId: 'acme', lotId: 'default', slot: '701' };
const plain = {
  parkId: fc.uuid(),
  how: fc.constantFrom(TransitionKind.RETRIEVED, TransitionKind.PICKUP_CLAIMED),
  atMs: fc.nat({ max: 2 ** 48 - 1 }),
};
/** Whatever may stand there, also what does not fit. */
const ended = fc.record({
  ...plain,
  parkId: fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    fc.string(),
  ),
  nextParkId: fc.constantFrom('', '', '', 'p2'),
  reserved: fc.constantFrom(undefined, undefined, ParkRecord.fromPartial({ parkId: 'p1' })),
});
const only = fc.record({ ...plain, nextParkId: fc.constant(''), reserved: fc.constant(undefined) });
const recordWith = (all: SlotRecord['ended']): SlotRecord => ({ ...SlotRecord.create(), name, ended: all });

describe('a record as it is stored', () => {
  it('is read as it was written, packed or not (R1)', () => {
    fc.assert(
      fc.property(fc.array(ended, { maxLength: 8 }).map(recordWith), (record) => {
        const utf8 = SlotRecord.decode(SlotRecord.encode(record).finish());
        expect(decodeRecord(encodeRecord(record))).toEqual(utf8);
        expect(decodeRecord(SlotRecord.encode(record).finish())).toEqual(utf8);
      }),
    );
  });

  it('takes 23 bytes for an ended park that says no more than its id, how and when', () => {
    fc.assert(
      fc.property(fc.array(only, { minLength: 1, maxLength: 8 }), (all) => {
        const { endedPacked, ended: unpacked } = SlotRecord.decode(encodeRecord(recordWith(all)));
        expect([endedPacked?.length, unpacked]).toEqual([all.length * 23, []]);
        const ids: string[] = [];
        eachPackedId(endedPacked ?? Buffer.alloc(0), (id) => ids.push(Buffer.from(id).toString()));
        expect(ids).toEqual(all.map(({ parkId }) => parkId));
      }),
    );
  });
});
