import { epochFaults, recallFaults, violations } from '@parkade/checker';
import type { Random } from '@parkade/clock';
import { type Evidence, MediaWorld } from '@parkade/test';
import type { Findings, RowContext, RowResult, Samples } from '../row.js';
import { Calls } from './calls.js';
import { Witness } from './witness.js';

const CALLERS = 4;
const SETTLES_WITHIN_MS = 60_000;

export interface MediaRunOptions {
  /** Whether phones call, park and fetch all the while; default yes. */
  readonly calls?: boolean;
}

/** The whole product around two simulated switches, for a row to attack while phones park and fetch. */
export class MediaRun {
  readonly #found: string[] = [];
  #samples: Samples = {};

  private constructor(
    readonly world: MediaWorld,
    readonly calls: Calls,
    private readonly context: RowContext,
  ) {}

  static async under(
    context: RowContext,
    options: MediaRunOptions,
    attack: (run: MediaRun) => Promise<void>,
  ): Promise<RowResult> {
    const world = await MediaWorld.start({});
    let witness: Witness | undefined;
    let run: MediaRun | undefined;
    try {
      witness = await Witness.of(world.cluster);
      run = new MediaRun(world, new Calls(world), context);
      return await run.#play(options.calls ?? true, witness.evidence, attack);
    } catch (error) {
      for (const [user, what] of run?.calls.doing ?? []) context.say(`${user} ${what}`);
      process.stderr.write(`${world.cluster.logs()}\n`);
      throw error;
    } finally {
      await witness?.close();
      await world.stop();
    }
  }

  get random(): Random {
    return this.context.random;
  }

  get brief(): boolean {
    return this.context.brief;
  }

  say(text: string): void {
    this.context.say(text);
  }

  /** Something that must not be. */
  wrong(text: string): void {
    this.#found.push(text);
  }

  measure(samples: Samples): void {
    this.#samples = samples;
  }

  async #play(busy: boolean, evidence: Evidence, attack: (run: MediaRun) => Promise<void>): Promise<RowResult> {
    const { world, calls } = this;
    const working = busy ? calls.run(CALLERS) : Promise.resolve();
    // Where the row breaks off nobody waits for them any more.
    working.catch(() => undefined);
    if (busy) await world.until('the phones are at work', () => calls.counts.fetched >= CALLERS);
    await attack(this);
    await world.controlled();
    const before = calls.counts.fetched;
    if (busy) await world.until('callers are fetched again', () => calls.counts.fetched >= before + CALLERS);
    calls.stop();
    await working;
    const joinedOrLost = await world.settle();
    const run = await evidence.judged(SETTLES_WITHIN_MS);
    const { fetched, givenBack, dialledAgain } = calls.counts;
    if (busy) this.say(`${fetched} callers fetched, ${givenBack} given back, ${dialledAgain} pickups dialled again`);
    const findings: Findings = {
      lost: [...joinedOrLost.filter((text) => text.includes('was hung up')), ...violations({ requests: [], ...run })],
      unlinear: [],
      other: [
        ...joinedOrLost.filter((text) => !text.includes('was hung up')),
        ...calls.stuck,
        ...this.#found,
        ...evidence.gaps,
        ...epochFaults(evidence.claims, evidence.commits),
        ...recallFaults(evidence.recalls),
      ],
    };
    return { findings, samples: this.#samples, requests: 3 * fetched };
  }
}
