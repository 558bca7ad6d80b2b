import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type TestMember, TestCluster } from './cluster.testing.js';
import type { Fault } from './faulty-store.testing.js';

const PARTITIONS = 12;
const MEMBERS = ['a', 'b', 'c', 'd'];

type Step =
  | {
      readonly kind: 'join' | 'kill' | 'pause' | 'resume' | 'deafen' | 'hear' | 'cut' | 'mend' | 'leave';
      readonly who: string;
    }
  | { readonly kind: 'fault'; readonly who: string; readonly fault: Exclude<Fault, undefined> }
  | { readonly kind: 'raise'; readonly who: string; readonly partition: number };

const who = fc.constantFrom(...MEMBERS);
const stepArb: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('join' as const), who }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'kill' as const,
        'pause',
        'resume',
        'resume',
        'deafen',
        'hear',
        'cut',
        'mend',
        'mend',
        'leave',
      ),
      who,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      who,
      fault: fc.constantFrom('lost' as const, 'applied-unanswered' as const, 'late' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('raise' as const), who, partition: fc.nat(PARTITIONS - 1) }) },
);
const runArb = fc.record({
  seed: fc.nat(),
  steps: fc.array(fc.record({ step: stepArb, waitMs: fc.constantFrom(0, 30, 200, 1_000, 4_000) }), { maxLength: 25 }),
});

/** What a partition's state is to each write: who made it, under which epoch. */
const written = (partition: number): string => `/written/${partition}`;

class Run {
  /** The writes of each partition as the store has them, in order. */
  readonly log = new Map<number, { epoch: number; revision: number }[]>();
  /** Every member there ever was. */
  readonly everyone: TestMember<number>[] = [];

  constructor(readonly cluster: TestCluster) {}

  async do(step: Step): Promise<void> {
    const member = this.cluster.members.get(step.who);
    if (step.kind === 'join') {
      if (member === undefined) this.everyone.push(this.cluster.join(step.who));
      return;
    }
    if (member === undefined) return;
    switch (step.kind) {
      case 'kill':
        this.cluster.kill(step.who);
        break;
      case 'pause':
      case 'resume':
        this.cluster.pause(step.who, step.kind === 'pause');
        break;
      case 'deafen':
        this.cluster.deafen(step.who);
        break;
      case 'hear':
        this.cluster.refusing.delete(member.address);
        break;
      case 'cut':
      case 'mend':
        member.faulty.cut = step.kind === 'cut';
        break;
      case 'leave':
        void member.owner.leave(1_000).then(() => this.cluster.kill(step.who));
        break;
      case 'fault':
        this.#failNext(member, step.fault);
        break;
      case 'raise':
        void member.owner.raiseEpoch(step.partition).catch(() => undefined);
        break;
    }
    await member.faulty.landLate();
  }

  /** Every member, also those that are stopped, dead or wrong, tries to write what it believes to own: epochs do not lie. */
  async writeAll(): Promise<void> {
    for (const member of this.everyone) {
      for (const partition of this.cluster.space.all()) {
        const epoch = member.owner.epochOf(partition);
        if (epoch === undefined) continue;
        const { revision, succeeded } = await this.cluster.store.txn({
          compare: [member.owner.fenceCompare(partition)],
          success: [{ kind: 'put', key: written(partition), value: new Uint8Array() }],
        });
        if (!succeeded) continue;
        const log = this.log.get(partition) ?? [];
        log.push({ epoch, revision });
        this.log.set(partition, log);
      }
    }
  }

  /** No write under an older epoch after one under a newer, or after a newer epoch began (O1). */
  check(): void {
    for (const log of this.log.values()) {
      let newest = 0;
      for (const { epoch, revision } of log) {
        expect(epoch).toBeGreaterThanOrEqual(newest);
        expect(revision).toBeGreaterThan(epoch);
        newest = epoch;
      }
    }
  }

  /** Once all is well, every partition is owned by one live member, who serves it and knows its epoch (O6). */
  async settle(): Promise<void> {
    for (const { memberId, faulty, address } of [...this.cluster.members.values()]) {
      this.cluster.pause(memberId, false);
      faulty.cut = false;
      faulty.fault = () => undefined;
      this.cluster.refusing.delete(address);
    }
    this.everyone.push(this.cluster.join('last'));
    await this.cluster.clock.advance(60_000);
    for (const partition of this.cluster.space.all()) {
      const owners = this.cluster.ownersOf(partition);
      expect(owners).toHaveLength(1);
      const member = this.cluster.member(owners[0] ?? '');
      const kv = await this.cluster.store.get(this.cluster.space.keyOf(partition));
      expect(member.owner.epochOf(partition)).toBe(kv?.modRevision);
      expect(member.handler.serving.has(partition)).toBe(true);
    }
  }

  #failNext({ faulty }: TestMember<number>, fault: Exclude<Fault, undefined>): void {
    let left = 1;
    faulty.fault = () => (left-- > 0 ? fault : undefined);
  }
}

it('whatever joins, dies, freezes, is cut off or loses answers: one writer at a time, and all is owned again at the end', async () => {
  await fc.assert(
    fc.asyncProperty(runArb, async ({ seed, steps }) => {
      const run = new Run(await TestCluster.open(PARTITIONS, {}, seed));
      for (const first of ['a', 'b']) await run.do({ kind: 'join', who: first });
      await run.cluster.clock.advance(400);
      for (const { step, waitMs } of steps) {
        await run.do(step);
        await run.writeAll();
        await run.cluster.clock.advance(waitMs);
        await run.writeAll();
      }
      run.check();
      await run.settle();
      for (const { handler } of run.everyone) expectOrder(handler);
      await run.cluster.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);

/** H3: for each partition acquire and lost alternate, and nothing else comes out of order. */
function expectOrder({ calls }: TestMember<number>['handler']): void {
  const held = new Set<unknown>();
  for (const { call, partition, ...rest } of calls) {
    if (call === 'acquire') {
      expect(held.has(partition)).toBe('how' in rest && rest.how === 'raised');
      held.add(partition);
    } else if (call === 'lost') {
      expect(held.delete(partition)).toBe(true);
    } else {
      expect(held.has(partition)).toBe(call === 'drain' || call === 'undrain');
    }
  }
}
