import { type Clock, ManualClock, type Random, SeededRandom } from '@parkade/clock';
import { openEmbeddedStore, type Op, type Store } from '@parkade/store';
import { FaultyStore } from './faulty-store.testing.js';
import type { HandOffClient, ProbeResult } from './hand-off.js';
import { LeaseSession } from './lease-session.js';
import type { OwnershipTiming } from './options.js';
import type { Acquisition, OwnerHint, PartitionHandler } from './partition-handler.js';
import { PartitionOwner } from './partition-owner.js';
import { numberedPartitions, type PartitionId, type PartitionSpace } from './partition-space.js';
import { PausableClock } from './pausable-clock.testing.js';
import type { Hold } from './tcp-hold.js';
import { within } from './within.js';

export type Call =
  | { readonly call: 'preload' | 'cancelPreload' | 'drain' | 'undrain'; readonly partition: PartitionId }
  | { readonly call: 'acquire'; readonly partition: PartitionId; readonly epoch: number; readonly how: Acquisition }
  | { readonly call: 'lost'; readonly partition: PartitionId; readonly hint: OwnerHint | undefined };

/** A handler that writes down what it is told and does what a test says. */
export class RecordingHandler<P extends PartitionId> implements PartitionHandler<P> {
  readonly calls: Call[] = [];
  readonly serving = new Set<P>();
  onPreload: (partition: P) => Promise<void> = () => Promise.resolve();
  onAcquire: (partition: P, epoch: number) => Promise<void> = () => Promise.resolve();
  onDrain: (partition: P) => Promise<void> = () => Promise.resolve();
  onLost: (partition: P) => void = () => undefined;
  ops: (partition: P) => readonly Op[] = () => [];

  preload(partition: P): Promise<void> {
    this.calls.push({ call: 'preload', partition });
    return this.onPreload(partition);
  }

  cancelPreload(partition: P): void {
    this.calls.push({ call: 'cancelPreload', partition });
  }

  async acquire(partition: P, epoch: number, how: Acquisition): Promise<void> {
    this.calls.push({ call: 'acquire', partition, epoch, how });
    await this.onAcquire(partition, epoch);
    this.serving.add(partition);
  }

  drain(partition: P): Promise<void> {
    this.calls.push({ call: 'drain', partition });
    this.serving.delete(partition);
    return this.onDrain(partition);
  }

  undrain(partition: P): void {
    this.calls.push({ call: 'undrain', partition });
    this.serving.add(partition);
  }

  handOffOps(partition: P): readonly Op[] {
    return this.ops(partition);
  }

  lost(partition: P, hint: OwnerHint | undefined): void {
    this.calls.push({ call: 'lost', partition, hint });
    this.serving.delete(partition);
    this.onLost(partition);
  }

  named<C extends Call['call']>(call: C): Extract<Call, { call: C }>[] {
    return this.calls.filter((entry): entry is Extract<Call, { call: C }> => entry.call === call);
  }
}

export interface TestMember<P extends PartitionId> {
  readonly memberId: string;
  readonly address: string;
  readonly clock: PausableClock;
  readonly faulty: FaultyStore;
  readonly handler: RecordingHandler<P>;
  readonly session: LeaseSession;
  readonly owner: PartitionOwner<P>;
  readonly reports: string[];
}

export interface JoinOptions<P extends PartitionId> {
  readonly version?: string;
  readonly timing?: Partial<OwnershipTiming>;
  readonly ttlMs?: number;
  /** Prepares the member before anything starts. */
  readonly prepare?: (member: TestMember<P>) => void;
}

/** Members of one role on one manual clock, one embedded store and one network that can be broken. */
export class TestCluster<P extends PartitionId = number> {
  readonly random: Random;
  readonly members = new Map<string, TestMember<P>>();
  /** Addresses that refuse connections. */
  readonly refusing = new Set<string>();
  /** Runs before a hand-off request goes out, and after its answer came back; may throw. */
  beforeHandOff: (address: string) => void = () => undefined;
  afterHandOff: (address: string) => void = () => undefined;

  private constructor(
    readonly clock: ManualClock,
    readonly store: Store,
    readonly space: PartitionSpace<P>,
    seed: number,
    private readonly timing: Partial<OwnershipTiming>,
  ) {
    this.random = new SeededRandom(seed);
  }

  /** Every address that was probed, in order. */
  readonly probed: string[] = [];
  /** How connections to members are held by those that join from now on; undefined: they are not. */
  hold: Hold | undefined;

  static open(partitions: number, timing: Partial<OwnershipTiming> = {}, seed = 1): Promise<TestCluster> {
    return TestCluster.of(numberedPartitions('slot-shard', partitions), timing, seed);
  }

  static async of<Q extends PartitionId>(
    space: PartitionSpace<Q>,
    timing: Partial<OwnershipTiming> = {},
    seed = 1,
  ): Promise<TestCluster<Q>> {
    const clock = new ManualClock();
    return new TestCluster(clock, await openEmbeddedStore({ clock }), space, seed, timing);
  }

  join(memberId: string, options: JoinOptions<P> = {}): TestMember<P> {
    const { random, space } = this;
    const clock = new PausableClock(this.clock);
    const faulty = new FaultyStore(this.store);
    const { store } = faulty;
    const address = `${memberId}:1`;
    this.refusing.delete(address);
    const reports: string[] = [];
    const report = (what: string, error: unknown): void => void reports.push(`${what}: ${String(error)}`);
    const handler = new RecordingHandler<P>();
    const session = new LeaseSession({ ttlMs: options.ttlMs }, { store, clock, random, report });
    const timing = { ...this.timing, ...options.timing };
    const handOffClient = this.#client(clock);
    const probe = (to: string): Promise<ProbeResult> => {
      this.probed.push(to);
      return Promise.resolve(this.refusing.has(to) ? 'refused' : 'alive');
    };
    const { hold } = this;
    const owner = new PartitionOwner<P>(
      { self: { memberId, address, version: options.version ?? '1.0.0' }, space, timing },
      { store, clock, random, session, handler, report, handOffClient, probe, hold },
    );
    const member = { memberId, address, clock, faulty, handler, session, owner, reports };
    options.prepare?.(member);
    this.members.set(memberId, member);
    session.start();
    void owner.start();
    return member;
  }

  member(memberId: string): TestMember<P> {
    const member = this.members.get(memberId);
    if (member === undefined) throw new Error(`no member ${memberId}`);
    return member;
  }

  /** The member listens no more, but lives. */
  deafen(memberId: string): void {
    this.refusing.add(this.member(memberId).address);
  }

  /** As SIGSTOP and SIGCONT do. */
  pause(memberId: string, paused: boolean): void {
    const { clock, faulty } = this.member(memberId);
    clock.paused = paused;
    faulty.paused = paused;
  }

  /** As SIGKILL does: nothing of it runs any more, and its address refuses. */
  kill(memberId: string): TestMember<P> {
    const member = this.member(memberId);
    this.pause(memberId, true);
    this.deafen(memberId);
    this.members.delete(memberId);
    return member;
  }

  /** The members whose own view is that they own the partition. */
  ownersOf(partition: P): string[] {
    return [...this.members.values()]
      .filter(({ owner, faulty }) => !faulty.paused && owner.owns(partition))
      .map(({ memberId }) => memberId);
  }

  async close(): Promise<void> {
    for (const { memberId, owner, session } of this.members.values()) {
      this.pause(memberId, false);
      await owner.close();
      await session.close();
    }
    await this.store.close();
  }

  #client(clock: Clock): HandOffClient {
    return {
      handOff: (address, request, timeoutMs) =>
        within(clock, timeoutMs, 'hand-off', async () => {
          const target = [...this.members.values()].find((member) => member.address === address);
          if (target === undefined || this.refusing.has(address)) throw new Error('connection refused');
          this.beforeHandOff(address);
          // A stopped process does not even read the request.
          if (target.faulty.paused) return new Promise(() => undefined);
          const result = await target.owner.handOff(request);
          this.afterHandOff(address);
          return result;
        }),
    };
  }
}
