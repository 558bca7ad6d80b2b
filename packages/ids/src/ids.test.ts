import { SeededRandom } from '@parkade/clock';
import fc from 'fast-check';
import { validate, version } from 'uuid';
import { describe, expect, it } from 'vitest';
import {
  decodeToken,
  encodeToken,
  homeShard,
  keys,
  newParkId,
  newRequestId,
  ownerKeyPartition,
  parkIdShard,
  parkIdTimeMs,
  parkIdTimeMsIn,
  parseSlotKey,
  requestIdTimeMs,
  slotShard,
  stableHash,
} from './index.js';

const random = new SeededRandom(1);

describe('ids', () => {
  it('makes request ids that are UUIDv7 and carry their time', () => {
    const id = newRequestId(1_700_000_000_123, random);
    expect(validate(id) && version(id)).toBe(7);
    expect(requestIdTimeMs(id)).toBe(1_700_000_000_123);
    expect(requestIdTimeMs(id.toUpperCase())).toBeUndefined();
    expect(requestIdTimeMs('x')).toBeUndefined();
  });

  it('makes park ids that are UUIDv8 and name their shard', () => {
    for (const shard of [0, 1, 255, 4095]) {
      const id = newParkId(1_700_000_000_123, shard, random);
      expect(validate(id) && version(id)).toBe(8);
      expect(parkIdShard(id)).toBe(shard);
    }
    expect(parkIdShard(newRequestId(1, random))).toBeUndefined();
  });

  it('reads the time of a park id in bytes as in text, and finds none in what is none', () => {
    const digit = fc.constantFrom(...Array.from('0123456789abcdefgA-'));
    const like = fc.tuple(fc.integer({ min: 0, max: 35 }), digit).map(([at, other]) => {
      const id = newParkId(1_700_000_000_123, 77, random);
      return id.slice(0, at) + other + id.slice(at + 1);
    });
    fc.assert(
      fc.property(fc.oneof(like, fc.uuid(), fc.string()), (id) => {
        const bytes = Buffer.from(`\0${id}8`);
        expect(parkIdTimeMsIn(bytes, 1, bytes.length - 1)).toBe(parkIdTimeMs(id));
      }),
    );
  });

  it('never makes the same id twice', () => {
    const ids = Array.from({ length: 10_000 }, () => newRequestId(1, random));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('tokens', () => {
  it('hold any name in one key and subject token, and give it back (R23)', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }).filter((name) => !/\p{Cs}/u.test(name)),
        (name) => {
          const token = encodeToken(name);
          expect(token).toMatch(/^[A-Za-z0-9_=-]*$/);
          expect(decodeToken(token)).toBe(name);
        },
      ),
    );
  });

  it('refuse what was not encoded', () => {
    for (const bad of ['a.b', 'a/b', '=4', '=41', '=zz', '*']) expect(decodeToken(bad)).toBeUndefined();
  });

  it('keep slot keys apart whatever the names contain', () => {
    const name = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(name, name, name, (tenantId, lotId, slot) => {
        expect(parseSlotKey(keys.slot(7, tenantId, lotId, slot))).toEqual({ shard: 7, tenantId, lotId, slot });
      }),
    );
  });

  it('read owner keys back', () => {
    expect(ownerKeyPartition('slot-shard', keys.owner('slot-shard', 42))).toBe(42);
    expect(ownerKeyPartition('recall', keys.owner('slot-shard', 42))).toBeUndefined();
  });
});

describe('shards', () => {
  it('never change their place: the hash is part of the stored format', () => {
    expect([stableHash('a'), stableHash('tenant\0default'), stableHash('réception')]).toMatchInlineSnapshot(`
      [
        444641715,
        1537379233,
        4236062098,
      ]
    `);
  });

  it('spread evenly', () => {
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) {
      const shard = homeShard(`tenant-${i}`, 'default', 16);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it('keep an ordinary lot together and lay a spread one side by side', () => {
    for (const slot of ['701', '702', '007']) expect(slotShard('t', 'l', slot, 1, 256)).toBe(homeShard('t', 'l', 256));
    const shards = new Set(Array.from({ length: 200 }, (_, i) => slotShard('t', 'l', String(i), 4, 256)));
    expect(shards.size).toBe(4);
  });
});
