import { SeededRandom } from '@parkade/clock';
import { newParkId, parkIdTimeMs, SecretHash } from '@parkade/ids';
import { SlotRecord } from '@parkade/proto';
import { encodeRecord } from '@parkade/slots';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextDueMs, type SlotCommand, step } from '../machine/index.js';
import { at, commands, NAME } from '../machine/testing/fixtures.js';
import { NameHashes } from './name-hashes.js';
import { RecordScan } from './record-scan.js';

const random = new SeededRandom(5);
const hash = new SecretHash(random);

/** What a scan says, in a form that can be compared. */
function said(scan: RecordScan, bytes: Buffer): unknown {
  const text = ({ start, end }: { readonly start: number; readonly end: number }): string =>
    bytes.toString('utf8', start, end);
  const { tenantId, lotId, slot, newestMs, parks, freedAtMs, isAtRest, hashes, marks } = scan;
  const name = { tenantId: text(tenantId), lotId: text(lotId), slot: text(slot) };
  return { name, parks, freedAtMs, isAtRest, newestMs, hashes: new Set(hashes), first: hashes[0], marks };
}

/** The same, by way of objects. */
function expected(record: SlotRecord): unknown {
  const { name, parks, ended, last } = record;
  const names = new NameHashes(hash);
  const hashes = names.ofRecord(record);
  return {
    name,
    parks: parks.length,
    freedAtMs: parks.length > 0 ? 0 : Math.max(1, last?.atMs ?? 0),
    isAtRest: parks.every(({ state }) => state?.$case === 'parked' || state?.$case === 'ringback'),
    newestMs: parkIdTimeMs(parks.at(-1)?.parkId ?? ended.at(-1)?.parkId ?? ''),
    hashes: new Set(hashes),
    first: hashes[0],
    marks: names.marksOf(record),
  };
}

const moment = fc.tuple(fc.constantFrom('park', 'reserve', 'begin', 'retrieve', 'recall'), fc.nat({ max: 3 }));
const name = fc.constantFrom(NAME, { tenantId: 'äcme', lotId: 'lot 2', slot: 'löbby' });

/** Any record the machine makes. */
const record = fc.tuple(name, fc.array(moment, { minLength: 1, maxLength: 12 })).map(([named, moments]) => {
  let now: SlotRecord | undefined;
  for (const [i, [kind, which]] of moments.entries()) {
    const parkId = now?.parks[which % Math.max(1, now.parks.length)]?.parkId ?? 'none';
    // With an id that is none, what ended is not packed.
    const id = named === NAME ? newParkId(1_700_000_000_000 + i, 3, random) : `park-${i}`;
    const all: Readonly<Record<typeof kind, SlotCommand>> = {
      park: commands.park(id, `call-${i}`),
      reserve: commands.reserve(id, `call-${i}`),
      begin: commands.begin(parkId, 'phone', `r-${i}`),
      retrieve: commands.retrieve(parkId, 'phone'),
      recall: commands.beginRecall(parkId, 1),
    };
    const result = step(now, all[kind], at(i, { capacity: 3 }));
    if (result.kind === 'apply') now = result.record;
  }
  return { ...(now ?? SlotRecord.create()), name: named };
});

describe('RecordScan', () => {
  it('reads what the whole record says, one after the other, and takes none for at rest that time changes', () => {
    const scan = new RecordScan(hash);
    fc.assert(
      fc.property(record, (each) => {
        for (const bytes of [encodeRecord(each), SlotRecord.encode(each).finish()]) {
          expect(said(scan.read(bytes), bytes)).toEqual(expected(each));
        }
        if (scan.isAtRest) expect(nextDueMs(each)).toBeUndefined();
      }),
    );
  });

  it('passes over fields that are not known, and says where there is no name', () => {
    const scan = new RecordScan(hash);
    const record = SlotRecord.encode({ ...SlotRecord.create(), name: NAME }).finish();
    const unknown = Buffer.from([0x78, 0x81, 0x01, 0x7a, 0x02, 1, 2, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8]);
    const bytes = Buffer.concat([unknown, record]);
    expect(said(scan.read(bytes), bytes)).toMatchObject({ name: NAME, parks: 0 });
    expect(scan.isNamed).toBe(true);
    expect(scan.read(unknown).isNamed).toBe(false);
  });

  it('refuses what is no record', () => {
    for (const bytes of [
      [18, 200, 1, 10],
      [0x0b],
      [0x80],
      [26, 3, 24, 0x80, 0x80],
      Array.from({ length: 12 }, () => 0x80),
    ]) {
      expect(() => new RecordScan(hash).read(Buffer.from(bytes))).toThrow();
    }
  });
});
