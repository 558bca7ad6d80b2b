import type { Figure } from '@parkade/test';
import type { RowResult, Samples } from './row.js';

/** The lease of owners in the suite; etcd's shortest. */
export const LEASE_TTL_MS = 2_000;

/** The figures of some rows; of the whole suite with `whole`, whose totals then count. */
export function figuresOf(results: ReadonlyMap<string, RowResult>, all: RowResult, whole: boolean): readonly Figure[] {
  const { findings, samples } = all;
  const rows = [...results].map(([id, { findings: found }]) => {
    const count = found.lost.length + found.unlinear.length + found.other.length;
    return atMost(`row_${id}`, count, 'violations', 0);
  });
  const totals = [
    atMost('lost_or_doubled', findings.lost.length, 'operations', 0),
    atMost('not_linearizable', findings.unlinear.length, 'histories', 0),
    atMost('other_violations', findings.other.length, 'violations', 0),
  ];
  return [...(whole ? totals : []), ...measured(samples), ...rows];
}

function measured(samples: Samples): readonly Figure[] {
  const { crashMs, frozenMs, rollingFailed, rollingMs, etcdLeaderMs, etcdLeaderLost, lampsMs } = samples;
  return [
    ...given(crashMs, (values) => [
      below('crash_median_ms', quantile(values, 0.5), 700),
      below('crash_worst_ms', Math.max(...values), 1_500),
    ]),
    ...given(frozenMs, (values) => [atMost('frozen_worst_ms', Math.max(...values), 'ms', LEASE_TTL_MS + 1_000)]),
    ...given(rollingFailed, (values) => [atMost('rolling_failed', sum(values), 'calls', 0)]),
    ...given(rollingMs, (values) => [below('rolling_p99_ms', quantile(values, 0.99), 500)]),
    ...given(etcdLeaderMs, (values) => [atMost('etcd_leader_ms', Math.max(...values), 'ms', 3_000)]),
    ...given(etcdLeaderLost, (values) => [atMost('etcd_leader_lost', sum(values), 'shards', 0)]),
    ...given(samples.etcdGone, (values) => [yes('etcd_gone', values)]),
    ...given(samples.natsGone, (values) => [yes('nats_gone', values)]),
    ...given(lampsMs, (values) => [atMost('lamps_worst_ms', Math.max(...values), 'ms', 2_000)]),
  ];
}

function given(
  values: readonly number[] | undefined,
  make: (values: readonly number[]) => readonly Figure[],
): readonly Figure[] {
  return values === undefined || values.length === 0 ? [] : make(values);
}

function below(id: string, exact: number, bar: number): Figure {
  const value = Math.round(exact);
  return { id, value, unit: 'ms', bar: `< ${bar}`, ok: value < bar };
}

function atMost(id: string, exact: number, unit: string, bar: number): Figure {
  const value = Math.round(exact);
  return { id, value, unit, bar: bar === 0 ? '0' : `<= ${bar}`, ok: value <= bar };
}

function yes(id: string, values: readonly number[]): Figure {
  const ok = values.every((value) => value === 1);
  return { id, value: ok ? 'yes' : 'no', unit: '', bar: 'yes', ok };
}

/** The smallest value that so large a part of them does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
