import * as reference from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandsRequest } from './gen/parkade/park/v1/park_service.js';
import { BinaryReader, BinaryWriter } from './wire.js';

/** The library our writer and reader stand in for. */
const referenceWriter = (): BinaryWriter => new reference.BinaryWriter() as unknown as BinaryWriter;

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 120, maxLength: 140 }));
const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const whole = fc.oneof(fc.integer(), fc.maxSafeInteger());

/** One field of each kind, nested `depth` deep. */
const fields = fc.record({
  depth: fc.nat(4),
  text,
  bytes: fc.uint8Array({ maxLength: 300 }),
  uint32,
  int32: fc.integer(),
  bool: fc.boolean(),
  int64: whole,
  uint64: fc.maxSafeNat(),
});
type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never;

function write(writer: BinaryWriter, all: readonly Fields[]): Uint8Array {
  for (const each of all) {
    for (let i = 0; i < each.depth; i++) writer.uint32(10).fork();
    writer.uint32(18).string(each.text).uint32(26).bytes(each.bytes).uint32(32).uint32(each.uint32);
    writer.uint32(40).int32(each.int32).uint32(48).bool(each.bool);
    writer.uint32(56).int64(each.int64).uint32(64).uint64(each.uint64);
    for (let i = 0; i < each.depth; i++) writer.join();
  }
  return writer.finish();
}

describe('the wire format', () => {
  it('is written byte for byte as the library writes it', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 20 }), (all) => {
        expect(Buffer.compare(write(new BinaryWriter(), all), write(referenceWriter(), all))).toBe(0);
      }),
    );
  });

  it('is read as the library reads it, whatever the bytes, or refused where it refuses', () => {
    const valid = fc.array(fields, { maxLength: 3 }).map((all) => write(new BinaryWriter(), all));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), valid), (bytes) => {
        expect(values(new BinaryReader(bytes))).toEqual(values(new reference.BinaryReader(bytes)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps whole numbers exactly, and refuses what is none', () => {
    fc.assert(
      fc.property(whole, fc.maxSafeNat(), (signed, unsigned) => {
        const reader = new BinaryReader(new BinaryWriter().int64(signed).uint64(unsigned).finish());
        expect(Number(reader.int64().toString())).toBe(signed);
        expect(Number(reader.uint64().toString())).toBe(unsigned);
      }),
    );
    const writer = new BinaryWriter();
    for (const value of [NaN, 0.5, -1, 2 ** 32]) expect(() => writer.uint32(value)).toThrow('invalid uint32');
    for (const value of [NaN, 0.5, 2 ** 31]) expect(() => writer.int32(value)).toThrow('invalid int32');
    for (const value of [NaN, 0.5, -1, 2 ** 53]) expect(() => writer.uint64(value)).toThrow('invalid uint64');
    for (const value of [NaN, 0.5, 2 ** 53]) expect(() => writer.int64(value)).toThrow('invalid int64');
  });

  it('refuses a 64-bit field beyond 2^53, as before', () => {
    const bytes = new reference.BinaryWriter()
      .uint32(8)
      .uint64(2n ** 60n)
      .finish();
    expect(() => CommandsRequest.decode(bytes)).toThrow('MAX_SAFE_INTEGER');
  });

  it('keeps writers apart, also one that was begun and left', () => {
    const left = new BinaryWriter();
    left.string('left');
    const first = new BinaryWriter();
    const second = new BinaryWriter();
    first.string('first');
    second.string('second');
    const written = first.finish();
    new BinaryWriter().string('third').finish();
    expect([left.finish(), written, second.finish()].map(String)).toEqual(['\x04left', '\x05first', '\x06second']);
  });
});

/** What a reader makes of the bytes, field by field, up to where it refuses. */
function values(
  reader: Pick<BinaryReader, 'uint32' | 'int64' | 'skip' | 'string' | 'bool'> & { pos: number; readonly len: number },
): unknown[] {
  const found: unknown[] = [];
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      found.push(tag);
      if ((tag & 7) === 2) found.push(reader.string());
      else if (tag === 56) found.push(reader.int64().toString());
      else if (tag === 48) found.push(reader.bool());
      else reader.skip(tag & 7, tag >>> 3);
    }
  } catch {
    found.push('refused');
  }
  return found.map(String);
}
