import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FleetingMap, numberHash } from './fleeting-map.js';

/** Few hashes, so that keys meet. */
const crowded = (key: number): number => key % 7;

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ what: fc.constant('set' as const), key: fc.nat(60), value: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('delete' as const), key: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('clear' as const) }) },
  ),
  { maxLength: 300 },
);

describe('a fleeting map', () => {
  it.each([
    ['well mixed', numberHash],
    ['crowded', crowded],
  ])('holds what was set and not deleted, by %s hashes (M1)', (_, hashOf) => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = new FleetingMap<number, number>(hashOf);
        const model = new Map<number, number>();
        for (const step of all) {
          if (step.what === 'set') {
            map.set(step.key, step.value);
            model.set(step.key, step.value);
          } else if (step.what === 'delete') expect(map.delete(step.key)).toBe(model.delete(step.key));
          else {
            map.clear();
            model.clear();
          }
          expect(map.size).toBe(model.size);
        }
        for (let key = 0; key <= 60; key++) {
          expect(map.has(key)).toBe(model.has(key));
          expect(map.get(key)).toBe(model.get(key));
        }
        const told = new Map<number, number>();
        map.forEach((value, key) => told.set(key, value));
        expect(told).toEqual(model);
        expect(map.values().sort()).toEqual([...model.values()].sort());
      }),
    );
  });

  it('tells each entry it holds once, whatever is set and deleted meanwhile', () => {
    const map = new FleetingMap<number, string>(numberHash);
    for (let i = 0; i < 40; i++) map.set(i, String(i));
    const told: string[] = [];
    map.forEach((value, key) => {
      told.push(value);
      map.delete(key);
      map.set(key + 1_000, 'later');
    });
    expect(told).toHaveLength(40);
    expect(told).not.toContain('later');
    expect(map.size).toBe(40);
  });

  it('lets what came and went die young, which a Map does not (M2, M3)', () => {
    expect(keptBytes(new FleetingMap(numberHash))).toBeLessThan(0.1 * ALL_BYTES);
    // Says that the test can tell: a Map that lets go would make this class needless.
    expect(keptBytes(new Map())).toBeGreaterThan(0.3 * ALL_BYTES);
  });
});

const ENTRIES = 20_000;
const ENTRY_NUMBERS = 100;
const ALL_BYTES = ENTRIES * ENTRY_NUMBERS * 8;

/** What collections of the young generation alone leave of entries that came and went, 100 at a time. */
function keptBytes(map: Map<number, object> | FleetingMap<number, object>): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how?: { type: 'minor' }) => void;
  let before = 0;
  for (let i = 0; i < ENTRIES; i++) {
    map.set(i, new Array<number>(ENTRY_NUMBERS).fill(0));
    map.delete(i - 100);
    if (i % 500 === 0) collect({ type: 'minor' });
    // Whole, it moves all that is there to the old generation, the map's table as well.
    if (i === 1_001) collect();
    if (i === 2_000) before = getHeapStatistics().used_heap_size;
  }
  return getHeapStatistics().used_heap_size - before;
}
