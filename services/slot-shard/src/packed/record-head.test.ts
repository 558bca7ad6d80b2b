import { SlotRecord } from '@parkade/proto';
import { encodeRecord } from '@parkade/slots';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextDueMs, type SlotCommand, step } from '../machine/index.js';
import { at, commands, NAME } from '../machine/testing/fixtures.js';
import { readHead, type RecordHead } from './record-head.js';

/** The same, by way of objects. */
function headOf({ name, parks, ended, last }: SlotRecord): RecordHead {
  return {
    name,
    parks: parks.map(({ parkId, call }) => ({
      parkId,
      call: call && { mediaNode: call.mediaNode, callId: call.callId },
    })),
    ended: ended.map(({ parkId }) => ({ parkId })),
    last: last && { atMs: last.atMs },
    isAtRest: parks.every(({ state }) => state?.$case === 'parked' || state?.$case === 'ringback'),
  };
}

const moment = fc.tuple(fc.constantFrom('park', 'reserve', 'begin', 'retrieve', 'recall'), fc.nat({ max: 3 }));

/** Any record the machine makes. */
const record = fc.array(moment, { minLength: 1, maxLength: 12 }).map((moments) => {
  let now: SlotRecord | undefined;
  for (const [i, [kind, which]] of moments.entries()) {
    const parkId = now?.parks[which % Math.max(1, now.parks.length)]?.parkId ?? 'none';
    const all: Readonly<Record<typeof kind, SlotCommand>> = {
      park: commands.park(`park-${i}`, `call-${i}`),
      reserve: commands.reserve(`park-${i}`, `call-${i}`),
      begin: commands.begin(parkId, 'phone', `r-${i}`),
      retrieve: commands.retrieve(parkId, 'phone'),
      recall: commands.beginRecall(parkId, 1),
    };
    const result = step(now, all[kind], at(i, { capacity: 3 }));
    if (result.kind === 'apply') now = result.record;
  }
  return now ?? { ...SlotRecord.create(), name: NAME };
});

describe('readHead', () => {
  it('reads what the whole record says, and takes none for at rest that time changes', () => {
    fc.assert(
      fc.property(record, (each) => {
        const head = readHead(encodeRecord(each));
        expect(head).toEqual(headOf(each));
        expect(readHead(SlotRecord.encode(each).finish())).toEqual(head);
        if (head.isAtRest) expect(nextDueMs(each)).toBeUndefined();
      }),
    );
  });

  it('refuses what is no record', () => {
    expect(() => readHead(Buffer.from([18, 200, 1, 10]))).toThrow();
  });
});
