import type { Clock, Random, Timer } from '@parkade/clock';
import { decodeToken, keys } from '@parkade/ids';
import { type LeaseSession, type MirrorChange, RangeMirror } from '@parkade/ownership';
import { type Op, prefixRange, type Store } from '@parkade/store';

/** What is used of one kind, tenant by tenant: looked up without making anything. */
export class SharedUsage {
  readonly #told = new Map<string, number>();
  readonly #elsewhere = new Map<string, number>();

  /** What this member has told the others. */
  told(tenantId: string): number {
    return this.#told.get(tenantId) ?? 0;
  }

  /** What the others have told, together. */
  elsewhere(tenantId: string): number {
    return this.#elsewhere.get(tenantId) ?? 0;
  }

  /** Tenants of whom something was told. */
  get tenants(): ReadonlyMap<string, number> {
    return this.#told;
  }

  setTold(tenantId: string, amount: number): void {
    if (amount === 0) this.#told.delete(tenantId);
    else this.#told.set(tenantId, amount);
  }

  addElsewhere(tenantId: string, amount: number): void {
    const now = this.elsewhere(tenantId) + amount;
    if (now === 0) this.#elsewhere.delete(tenantId);
    else this.#elsewhere.set(tenantId, now);
  }

  /** Nothing was told, to anybody. */
  untold(): void {
    this.#told.clear();
  }
}

/** Amounts to be told now, whole numbers, by kind and tenant; what is left out is 0. */
export type UsageNow = Readonly<Record<string, Iterable<readonly [tenantId: string, amount: number]>>>;

export interface UsageBoardDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Its lease carries what is told: a member that is gone uses nothing. */
  readonly session: Pick<LeaseSession, 'leaseId' | 'onObtained'>;
  /** Asked twice a second. */
  readonly usage: () => UsageNow;
  readonly report?: ((what: string, error: unknown) => void) | undefined;
}

/** Between two times at which a member tells what has changed. */
export const TELL_MS = 500;

/** Changes told in one transaction; what is left is told the next time. */
const MAX_TOLD = 120;

const HERE = 'here';

/**
 * What the members of a role (gateways, slot owners) use of quotas, told by each in leased keys and known to all.
 *
 *   U1. `told` is what the store has acknowledged under the lease that is valid now.
 *   U2. Another member's usage counts from when the watch brings it until its keys go, with its lease.
 *   U3. Only what has changed is written, at most `MAX_TOLD` changes twice a second. Where more changes all the while, each has its
 *       turn: what is never told would leave each member a share of its own.
 */
export class UsageBoard {
  readonly #mirror: RangeMirror;
  readonly #kinds = new Map<string, SharedUsage>();
  /** Leases this process has, or had, told under. */
  readonly #own = new Set<string>();
  readonly #others = new Set<string>();
  readonly #prefix: string;
  #lease: string | undefined;
  #here = false;
  /** Which change is told first, where there are too many. */
  #turn = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    private readonly role: string,
    private readonly deps: UsageBoardDeps,
  ) {
    this.#prefix = keys.usages(role);
    this.#mirror = new RangeMirror(prefixRange(this.#prefix), deps);
    this.#mirror.onChange((changes) => {
      for (const change of changes) this.#heard(change);
    });
    deps.session.onObtained(({ leaseId }) => {
      this.#own.add(leaseId);
      this.#others.delete(leaseId);
      this.#lease = leaseId;
      this.#here = false;
      for (const kind of this.#kinds.values()) kind.untold();
      void this.#tell();
    });
  }

  /** Members there are, this one included. */
  get members(): number {
    return this.#others.size + 1;
  }

  /** What is known of a kind; always the same object. */
  of(kind: string): SharedUsage {
    let usage = this.#kinds.get(kind);
    if (usage === undefined) this.#kinds.set(kind, (usage = new SharedUsage()));
    return usage;
  }

  /** Begins to listen and to tell; resolves when the others are known. */
  async start(): Promise<void> {
    this.#arm();
    await this.#mirror.start();
  }

  /** Tells nothing more; what was told goes with the lease. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#mirror.close();
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.deps.clock.setTimer(TELL_MS, () => void this.#tell().finally(() => this.#arm()));
  }

  #heard({ key, before, after }: MirrorChange): void {
    const [member = '', kind = '', token] = key.slice(this.#prefix.length).split('/');
    if (this.#own.has(member)) return;
    if (kind === HERE && token === undefined) {
      if (after === undefined) this.#others.delete(member);
      else this.#others.add(member);
      return;
    }
    const tenantId = decodeToken(token ?? '');
    if (tenantId !== undefined) this.of(kind).addElsewhere(tenantId, amountOf(after?.value) - amountOf(before?.value));
  }

  /** Never rejects. What could not be told is told the next time. */
  async #tell(): Promise<void> {
    const lease = this.deps.session.leaseId;
    // Under a lease that is not told of yet nothing has been told.
    if (lease === undefined || lease !== this.#lease || this.#closed) return;
    const changes = this.#changes();
    const here: Op = { kind: 'put', key: `${this.#prefix}${lease}/${HERE}`, value: NOTHING, leaseId: lease };
    if (changes.length === 0 && this.#here) return;
    const success = [...(this.#here ? [] : [here]), ...changes.map((change) => this.#op(lease, change))];
    try {
      await this.deps.store.txn({ compare: [], success }, { timeoutMs: 2 * TELL_MS });
    } catch (error) {
      this.deps.report?.('usage-not-told', error);
      return;
    }
    if (lease !== this.#lease) return;
    this.#here = true;
    for (const { kind, tenantId, amount } of changes) this.of(kind).setTold(tenantId, amount);
  }

  #changes(): readonly Change[] {
    const changes: Change[] = [];
    for (const [kind, amounts] of Object.entries(this.deps.usage())) {
      const shared = this.of(kind);
      const now = new Map<string, number>(amounts);
      for (const [tenantId, amount] of now) {
        if (amount !== shared.told(tenantId)) changes.push({ kind, tenantId, amount });
      }
      for (const tenantId of shared.tenants.keys()) {
        if (!now.has(tenantId)) changes.push({ kind, tenantId, amount: 0 });
      }
    }
    if (changes.length <= MAX_TOLD) return changes;
    const from = this.#turn % changes.length;
    this.#turn = from + MAX_TOLD;
    return [...changes.slice(from), ...changes.slice(0, from)].slice(0, MAX_TOLD);
  }

  #op(lease: string, { kind, tenantId, amount }: Change): Op {
    const key = keys.usage(this.role, lease, kind, tenantId);
    if (amount === 0) return { kind: 'delete', range: { start: key } };
    return { kind: 'put', key, value: Buffer.from(String(amount)), leaseId: lease };
  }
}

interface Change {
  readonly kind: string;
  readonly tenantId: string;
  readonly amount: number;
}

const NOTHING = new Uint8Array();

function amountOf(value: Uint8Array | undefined): number {
  const amount = value === undefined ? 0 : Number(Buffer.from(value).toString());
  return Number.isSafeInteger(amount) && amount > 0 ? amount : 0;
}
