import { expect, it } from 'vitest';
import { figuresOf } from './figures.js';
import { NOTHING_WRONG, type RowResult, together } from './row.js';

const result = (change: Partial<RowResult>): RowResult => ({
  findings: NOTHING_WRONG,
  samples: {},
  requests: 1,
  ...change,
});
const figures = (results: Record<string, RowResult>, whole = true) => {
  const map = new Map(Object.entries(results));
  return new Map(figuresOf(map, together([...map.values()]), whole).map(({ id, ...figure }) => [id, figure]));
};

it('makes a figure of the samples of all rows together, held to its bar', () => {
  const made = figures({
    one: result({ samples: { crashMs: [100, 1_600] } }),
    two: result({ samples: { crashMs: [200] } }),
  });
  expect(made.get('crash_median_ms')).toEqual({ value: 200, unit: 'ms', bar: '< 700', ok: true });
  expect(made.get('crash_worst_ms')).toMatchObject({ value: 1_600, ok: false });
  expect(made.has('frozen_worst_ms')).toBe(false);
});

it('counts what was found by its kind, and in all by its row', () => {
  const findings = { lost: ['a'], unlinear: ['b', 'c'], other: [] };
  const made = figures({ bad: result({ findings }), good: result({}) });
  expect(made.get('lost_or_doubled')).toMatchObject({ value: 1, ok: false });
  expect(made.get('not_linearizable')).toMatchObject({ value: 2, ok: false });
  expect([made.get('row_bad')?.value, made.get('row_good')?.ok]).toEqual([3, true]);
});

it('tells totals of the whole suite only', () => {
  expect(figures({ some: result({}) }, false).has('lost_or_doubled')).toBe(false);
});

it('says no where a promise was broken once', () => {
  const samples = { natsGone: [1, 0], etcdGone: [1] };
  const made = figures({ some: result({ samples }) });
  expect([made.get('nats_gone')?.value, made.get('etcd_gone')?.value]).toEqual(['no', 'yes']);
});
