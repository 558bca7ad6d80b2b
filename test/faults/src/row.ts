import type { Random } from '@parkade/clock';

/** What a run found wrong; nothing, where all lists are empty. */
export interface Findings {
  /** Acknowledged operations lost, doubled or out of order. */
  readonly lost: readonly string[];
  /** Slots whose history is not linearizable. */
  readonly unlinear: readonly string[];
  /** Everything else that must not be: strangers joined, epochs that fall, slots stuck, lamps that stay wrong. */
  readonly other: readonly string[];
}

export const NOTHING_WRONG: Findings = { lost: [], unlinear: [], other: [] };

/** What rows measure, each a list of samples: figures are made of all samples of a run of the suite. */
export interface Samples {
  /** From `kill -9` of an owner until each of its shards served again. */
  readonly crashMs?: readonly number[];
  /** From the moment an owner was frozen or cut off until each of its shards served again. */
  readonly frozenMs?: readonly number[];
  /** Calls that failed at a client with two gateways and the documented retries, over a rolling restart. */
  readonly rollingFailed?: readonly number[];
  /** How long each call took meanwhile. */
  readonly rollingMs?: readonly number[];
  /** From etcd's own election until each shard took writes again. */
  readonly etcdLeaderMs?: readonly number[];
  /** Shards that a live owner lost by it. */
  readonly etcdLeaderLost?: readonly number[];
  /** From the end of the fault until every lamp showed its slot. */
  readonly lampsMs?: readonly number[];
  /** 1: as promised; 0: not. */
  readonly etcdGone?: readonly number[];
  readonly natsGone?: readonly number[];
}

export interface RowResult {
  readonly findings: Findings;
  readonly samples: Samples;
  /** Requests that were made, for the report. */
  readonly requests: number;
}

export interface RowContext {
  readonly random: Random;
  /** Of a short selection: fewer rounds, shorter outages. Figures of it say little. */
  readonly brief: boolean;
  /** Tells what is going on. */
  say(text: string): void;
}

/** One thing the cluster must live through. */
export interface Row {
  readonly id: string;
  /** What is done, in a line. */
  readonly what: string;
  run(context: RowContext): Promise<RowResult>;
}

/** Of a list, one that the random source chooses. */
export function oneOf<T>(list: readonly T[], random: Random): T {
  const item = list[Math.floor(random.next() * list.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}

/** A number from `least` up to `most`. */
export function between(least: number, most: number, random: Random): number {
  return least + random.next() * (most - least);
}

/** Everything found and measured in several runs, together. */
export function together(results: readonly RowResult[]): RowResult {
  const findings = {
    lost: results.flatMap((each) => each.findings.lost),
    unlinear: results.flatMap((each) => each.findings.unlinear),
    other: results.flatMap((each) => each.findings.other),
  };
  const samples: Record<string, readonly number[]> = {};
  for (const result of results) {
    for (const [name, values] of Object.entries(result.samples) as [string, readonly number[]][]) {
      samples[name] = [...(samples[name] ?? []), ...values];
    }
  }
  return { findings, samples, requests: results.reduce((sum, { requests }) => sum + requests, 0) };
}
