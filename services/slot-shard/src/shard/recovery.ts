import type { OwnedPartitions } from '@parkade/ownership';
import type { Log } from '@parkade/rpc';
import { type LoadDeps, loadShard, type ShardImage } from './image.js';
import type { Pending } from './pending.js';
import { isFull } from './store-full.js';
import type { WorkUnderWay } from './work-under-way.js';

/** The shard, as its recovery sees it. */
export interface RecoveryHost {
  readonly number: number;
  /** Whether it is still to be read again: not, once it is lost. */
  recovers(): boolean;
  /** Writes that are decided and not sent are taken back: whose they are. */
  withdraw(): readonly Pending[];
  /** Serves what was read, under this epoch. */
  reinstall(image: ShardImage, epoch: number): void;
  /** The store has no space: nobody waits until there is some. */
  refuseAll(): void;
}

export interface RecoveryDeps extends LoadDeps {
  readonly log: Log;
  readonly ownership: Pick<OwnedPartitions<number>, 'raiseEpoch' | 'confirmLost'>;
  /** Hears of each time a shard was read again under a new epoch. */
  readonly recovered: () => void;
}

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;

/**
 * Finds out what became of a shard's writes.
 *
 *   V1. What is under way is settled first; then the epoch is raised, after which a write of before has happened or never will; then
 *       the shard is read.
 *   V2. It is tried until it comes about or the shard is lost. One recovery at a time.
 *   V3. A command whose outcome is unknown is kept until somebody takes it: nobody is told anything of it before.
 */
export class Recovery {
  #unresolved: Pending[] = [];
  #knownBefore = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(
    private readonly host: RecoveryHost,
    private readonly work: WorkUnderWay,
    private readonly deps: RecoveryDeps,
    private readonly loadSliceMs: number,
  ) {}

  /** What was known when the one under way, or the last one, began. */
  get knownBefore(): number {
    return this.#knownBefore;
  }

  /** Resolves when the one under way, or the last one, is over. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** The command's write may or may not have happened. */
  unresolved(pending: Pending): void {
    this.#unresolved.push(pending);
  }

  /** The commands whose outcome is unknown; they are the caller's now. */
  take(): readonly Pending[] {
    const taken = this.#unresolved;
    this.#unresolved = [];
    return taken;
  }

  /** To be called when the shard has just begun to recover; `knownRevision`: of before. Resolves when it serves again, or is lost. */
  begin(knownRevision: number): Promise<void> {
    this.#knownBefore = knownRevision;
    this.#done = this.#run();
    return this.#done;
  }

  async #run(): Promise<void> {
    const { host, work } = this;
    const { ownership, clock, log, recovered } = this.deps;
    const { number } = host;
    this.#unresolved.push(...host.withdraw());
    for (let delayMs = RETRY_MIN_MS; host.recovers(); delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      while (!work.none && host.recovers()) await work.next();
      try {
        if (await ownership.confirmLost(number)) return;
        const epoch = await ownership.raiseEpoch(number);
        const image = await loadShard(this.deps, number, this.loadSliceMs);
        if (!host.recovers()) return;
        recovered();
        log.info('shard recovered', { shard: number, epoch });
        host.reinstall(image, epoch);
      } catch (error) {
        log.warn('shard recovery failed, trying again', { shard: number, error: String(error) });
        if (isFull(error)) host.refuseAll();
        await new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve));
      }
    }
  }
}
