import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SortedMap } from './sorted-map.js';

it('is a map in key order, whatever the order of changes', () => {
  const key = fc.integer({ min: 0, max: 3_000 }).map((n) => String(n).padStart(4, '0'));
  const change = fc.record({ key, remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3_000, size: 'max' }), key, key, (changes, start, end) => {
      const map = new SortedMap<string>();
      const model = new Map<string, string>();
      for (const [i, { key, remove }] of changes.entries()) {
        if (remove) expect(map.delete(key)).toBe(model.delete(key));
        else {
          map.set(key, String(i));
          model.set(key, String(i));
        }
      }
      expect(map.size).toBe(model.size);
      expect(map.get(start)).toBe(model.get(start));
      const expected = [...model].filter(([k]) => k >= start && k < end).sort(([a], [b]) => (a < b ? -1 : 1));
      expect([...map.range(start, end)]).toEqual(expected.map(([, value]) => value));
    }),
    { numRuns: 40 },
  );
});

it('splits and drops its chunks as it grows and shrinks', () => {
  const map = new SortedMap<number>();
  for (let i = 0; i < 10_000; i++) map.set(String((i * 7919) % 10_000).padStart(5, '0'), i);
  expect(map.size).toBe(10_000);
  expect([...map.range('00100', '00103')].length).toBe(3);
  for (let i = 0; i < 10_000; i++) expect(map.delete(String(i).padStart(5, '0'))).toBe(true);
  expect([map.size, [...map.range('', '9')].length, map.delete('00001')]).toEqual([0, 0, false]);
});
