// What is out and ends with an event: background jobs, and applications run on a leg.
//   J1. A job is known by an id of ours before its command is written, so that its event can never come too early.
//   J2. Every job settles exactly once: by its event, its time limit, a refusal, or the end of the connection.
//   J3. At most maxJobs are out.
import type { Clock, Timer } from '@parkade/clock';
import { isRefusal, refused, type JobResult } from './outcome.js';

interface Job {
  limit: Timer;
  settle: (result: JobResult) => void;
}

export class JobTable {
  readonly #clock: Clock;
  readonly #maxJobs: number;
  readonly #jobs = new Map<string, Job>();

  constructor(clock: Clock, maxJobs: number) {
    this.#clock = clock;
    this.#maxJobs = maxJobs;
  }

  /** Jobs out. */
  get size(): number {
    return this.#jobs.size;
  }

  get isFull(): boolean {
    return this.#jobs.size >= this.#maxJobs;
  }

  /** Opens a job. Never rejects. */
  open(jobUuid: string, limitMs: number): Promise<JobResult> {
    if (this.isFull) return Promise.resolve({ ok: false, reason: 'queue-full', limit: this.#maxJobs });
    if (this.#jobs.has(jobUuid)) {
      return Promise.resolve({ ok: false, reason: 'invalid', where: 'job id in use', fault: 'bad-name' });
    }
    return new Promise((settle) => {
      const limit = this.#clock.setTimer(limitMs, () => {
        this.settle(jobUuid, { ok: false, reason: 'timeout', sent: true, limitMs });
      });
      this.#jobs.set(jobUuid, { limit, settle });
    });
  }

  /** The job's event came, with `text` as its body. False when the job is not ours, or no longer open. */
  complete(jobUuid: string, text: string): boolean {
    return this.settle(jobUuid, isRefusal(text) ? refused(text) : { ok: true, text });
  }

  /** Settles a job; false when it is not open. */
  settle(jobUuid: string, result: JobResult): boolean {
    const job = this.#jobs.get(jobUuid);
    if (job === undefined) return false;
    this.#jobs.delete(jobUuid);
    job.limit.cancel();
    job.settle(result);
    return true;
  }

  /** The connection has ended: the jobs may have been run, and nobody will tell us. */
  failAll(): void {
    for (const jobUuid of [...this.#jobs.keys()]) this.settle(jobUuid, { ok: false, reason: 'down', sent: true });
  }
}
