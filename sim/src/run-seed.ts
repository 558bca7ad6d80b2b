import { checkSlots, epochFaults, type Operation, recallFaults, violations } from '@parkade/checker';
import { SeededRandom } from '@parkade/clock';
import { Asker } from './work/asker.js';
import { Office } from './work/office.js';
import { RecalledCalls } from './work/recalled-calls.js';
import { lampsAfter } from './work/settle.js';
import { storedRecords } from './work/lamps.js';
import { type Fault, FAULTS, Nemesis } from './work/nemesis.js';
import { Workload } from './work/workload.js';
import type { Breakage } from './world/breakage.js';
import { Cluster } from './world/cluster.js';
import { World } from './world/world.js';

/** How long the nemesis strikes, and how long clients go on after it, in simulated ms. */
const STRIKE_MS = 53_000;
const AFTER_MS = 7_000;
/** How long the shards, and then the events, may take once all is healed. */
const SETTLE_MS = 30_000;
/** More than this much simulated time means that something never ends. */
const LIMIT_MS = 400_000;
const CLIENTS = 5;

export interface SeedOptions {
  readonly seed: number;
  readonly breakage?: Breakage | undefined;
  readonly faults?: readonly Fault[] | undefined;
  /** Reads go through one gateway, writes through the others. Default: every other seed. */
  readonly looksApart?: boolean | undefined;
  /** Two media nodes, and the processes that control them, in place of the mere phones that recalls ring. Default: every third seed. */
  readonly withSwitches?: boolean | undefined;
  /** Owners forget within seconds what they otherwise keep for ten minutes: answers, empty slots, history. Default: two seeds of seven. */
  readonly forgetsSoon?: boolean | undefined;
  /** Hears the trace line by line. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface SeedResult {
  readonly seed: number;
  /** What must hold and does not. */
  readonly violations: readonly string[];
  /** Of everything that happened, in its order: the same for the same seed. */
  readonly hash: string;
  readonly simulatedMs: number;
  readonly commands: number;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly steps: number;
  readonly transitions: number;
  /** How often two who were meant to talk were joined at a media node. */
  readonly joined: number;
  readonly cpuMs: number;
  /** What happened last, in words. */
  readonly trace: readonly string[];
}

/** One run of a whole cluster under the faults that `seed` draws, and what the checkers say to it. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const {
    seed,
    breakage = {},
    faults = FAULTS,
    looksApart = seed % 2 === 1,
    withSwitches = seed % 3 === 0,
    forgetsSoon = seed % 7 < 2,
    onLine,
  } = options;
  const cpu = process.cpuUsage();
  const { stackTraceLimit } = Error;
  // Stacks of the errors that grpc-js makes for each refusal cost a third of a seed.
  if (onLine === undefined) Error.stackTraceLimit = 0;
  const world = await World.make(seed, breakage, onLine);
  const { scheduler, trace, witness } = world;
  const escaped: string[] = [];
  const onEscaped = (error: unknown): void => void escaped.push(`nobody caught ${describe(error)}`);
  process.on('uncaughtException', onEscaped).on('unhandledRejection', onEscaped);
  const found: string[] = [];
  let commands = 0;
  let joined = 0;
  let done: ReadonlyMap<Fault, number> = new Map();
  try {
    const story = async (): Promise<void> => {
      const cluster = await Cluster.start(world, { withSwitches, forgetsSoon });
      const office = new Office(cluster, new SeededRandom(seed + 3));
      const random = new SeededRandom(seed + 1);
      const asker = new Asker(cluster, random, looksApart ? cluster.clients.slice(1) : cluster.clients);
      const workload = new Workload(cluster, random, asker, { looksApart, forgetsSoon, holds: !withSwitches });
      const recalled = (withSwitches ? [] : [1, 2]).map((number) => new RecalledCalls(cluster, random, asker, number));
      const nemesis = new Nemesis(cluster, new SeededRandom(seed + 2), faults);
      done = nemesis.done;
      try {
        const working = Promise.all([workload.run(CLIENTS), ...recalled.map((each) => each.run()), office.run()]);
        await nemesis.strike(STRIKE_MS);
        await cluster.served(SETTLE_MS);
        await scheduler.wait(AFTER_MS);
        workload.stop();
        for (const each of recalled) each.stop();
        office.stop();
        await working;
        for (const each of recalled) await each.settle();
        await office.settle();
        found.push(...(await lampsAfter(world)));
        await workload.lookAtAll();
        await workload.findStuck();
        const endMs = scheduler.nowMs + SETTLE_MS;
        while (!witness.allTold && scheduler.nowMs < endMs) await scheduler.wait(100);
      } finally {
        commands = asker.commands + office.commands;
        ({ joined } = office.conversations);
        const stored = new Set(
          (await storedRecords(world)).flatMap(({ record }) => record.parks.map((each) => each.parkId)),
        );
        const { transitions, events } = witness;
        found.push(
          ...workload.odd,
          ...asker.odd,
          ...recalled.flatMap(({ odd }) => odd),
          ...office.odd,
          ...violations({ requests: asker.requests, transitions, events, stored }),
          ...checkSlots(workload.history.flatMap((each) => known(each, witness.effects))),
          ...epochFaults(witness.claims, witness.commits),
          ...recallFaults(witness.recalls),
        );
      }
    };
    await scheduler.run(story(), LIMIT_MS);
  } catch (error) {
    found.push(`the run did not come to its end: ${describe(error)}`);
  } finally {
    process.off('uncaughtException', onEscaped).off('unhandledRejection', onEscaped);
    Error.stackTraceLimit = stackTraceLimit;
    await world.close();
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    seed,
    violations: [...escaped, ...trace.defects, ...found],
    hash: scheduler.hash,
    simulatedMs: scheduler.nowMs,
    commands,
    faults: done,
    steps: scheduler.ran,
    transitions: witness.transitions.length,
    joined,
    cpuMs: (user + system) / 1_000,
    trace: trace.lines,
  };
}

/**
 * An operation nobody answered, as the store knows it: it was done, at some time after it was asked, or it is left out because it
 * never was. Without that each of them doubles the orders to be tried.
 */
function known(operation: Operation, effects: ReadonlyMap<string, string>): readonly Operation[] {
  if (operation.outcome.kind !== 'unknown') return [operation];
  const call = effects.get(operation.name);
  return call === undefined ? [] : [{ ...operation, outcome: { kind: 'done', call } }];
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
