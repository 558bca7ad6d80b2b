import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_UNPACKED, RecordPacker } from './record-packer.js';

/** Bytes that repeat themselves and others, as records do, and such that do not. */
const word = fc.constantFrom(
  'media-1',
  '+441632960001',
  'a',
  'tenant-17',
  '\0\0\0\0\0\0\0\0',
  '3f8a6c1e-7b1d-4c58-9a50',
);
const bytes = fc.oneof(
  fc
    .array(
      fc.oneof(
        word,
        fc.uuid(),
        fc.uuid().map((id) => id.toUpperCase()),
      ),
      { maxLength: 60 },
    )
    .map((words) => Buffer.from(words.join(''))),
  fc.uint8Array({ maxLength: 700 }).map((each) => Buffer.from(each)),
  fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 2_000 })).map(([byte, length]) => Buffer.alloc(length, byte)),
);

describe('RecordPacker', () => {
  it('unpacks what it packed, byte for byte, whatever the sample was (R1)', () => {
    fc.assert(
      fc.property(bytes, fc.array(bytes, { minLength: 1, maxLength: 5 }), (sample, all) => {
        const packer = new RecordPacker(sample);
        const packed = all.map((each) => Buffer.from(packer.pack(each)));
        // Another packer uses the same window.
        new RecordPacker(Buffer.alloc(100, 1)).pack(Buffer.alloc(50, 2));
        expect(packed.map((each) => packer.unpack(each))).toEqual(all);
      }),
      { numRuns: 500 },
    );
  });

  it('packs an id that nothing repeats into its bytes, wherever it stands', () => {
    const packer = new RecordPacker(Buffer.from('0199ab10-cdef-7abc-'));
    const id = '0199ab10-cdef-7abc-8def-0123456789ab';
    for (const text of [id, `a${id}`, `${id}-`, `-${id}${id}`, id.slice(1), `${id.slice(0, 35)}g`]) {
      const packed = Buffer.from(packer.pack(Buffer.from(text)));
      expect(packer.unpack(packed).toString()).toBe(text);
    }
    expect(packer.pack(Buffer.from(id)).length).toBe(17);
    expect(packer.pack(Buffer.from(id + id)).length).toBe(20);
  });

  it('packs the longest record there may be, and a sample that is longer than it looks at', () => {
    const packer = new RecordPacker(Buffer.alloc(100_000, 'sample'));
    for (const fill of ['sample', '0123456789']) {
      const longest = Buffer.alloc(MAX_UNPACKED, fill);
      const packed = Buffer.from(packer.pack(longest));
      expect(packed.length).toBeLessThan(1_000);
      expect(packer.unpack(packed).equals(longest)).toBe(true);
    }
  });

  it('unpacks the beginning alone where that is enough', () => {
    const packer = new RecordPacker(Buffer.from('x'));
    const text = Buffer.from(Array.from({ length: 300 }, (_, i) => `${i}`).join('-'));
    const packed = Buffer.from(packer.pack(text));
    const head = packer.unpack(packed, 100);
    expect(head.length).toBeGreaterThanOrEqual(100);
    expect(head.length).toBeLessThan(text.length);
    expect(text.subarray(0, head.length)).toEqual(head);
  });
});
