import type { Metadata } from '@grpc/grpc-js';
import type { Clock, Random } from '@parkade/clock';
import { isProcess } from '@parkade/identity';
import { LeaseSession } from '@parkade/ownership';
import { allowedCount, RequestRates, toldCount, UsageBoard } from '@parkade/quotas';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { burstOf, type Quota, quotaOf } from '@parkade/settings';
import type { Store } from '@parkade/store';
import type { PublicCommand } from '../commands/public-command.js';
import type { Settings } from '../ports.js';

export interface TenantQuotasDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: Settings;
  /** Watches of a tenant that are open here. */
  readonly watches: (tenantId: string) => number;
  /** Tenants with a watch open here. */
  readonly watchers: () => Iterable<string>;
  readonly refused: (quota: Quota) => void;
  readonly report: (what: string, error: unknown) => void;
}

/** What ends a stay, or goes on with what was begun: it comes before what is new. */
const ENDS_STAY: ReadonlySet<string> = new Set<PublicCommand['$case']>([
  'completeReservation',
  'retrieve',
  'beginRetrieve',
  'confirmRetrieve',
  'giveBackRetrieve',
  'release',
]);

/**
 * What tenants may ask of this gateway, as one of all gateways.
 *
 *   T1. A request beyond the tenant's rate is refused before anything is done for it; see `RequestRates`.
 *   T2. What the cluster's own processes ask for a tenant is never refused: a call that arrived by phone has nowhere to wait.
 *   T3. Watches are counted with those at the other gateways; see `allowedCount`.
 */
export class TenantQuotas {
  readonly #board: UsageBoard;
  readonly #session: LeaseSession;
  readonly #rates: RequestRates;

  constructor(private readonly deps: TenantQuotasDeps) {
    const { clock, settings } = deps;
    this.#session = new LeaseSession({}, deps);
    this.#board = new UsageBoard('gateway', {
      ...deps,
      session: this.#session,
      usage: () => ({ requests: this.#rates.usage(), watches: this.#watches() }),
    });
    this.#rates = new RequestRates({
      clock,
      limits: {
        perSecond: (tenantId) => quotaOf('requests_per_second', settings.tenant(tenantId), settings.system),
        burst: (tenantId) => burstOf(settings.tenant(tenantId), settings.system),
      },
      elsewhere: this.#board.of('requests'),
      members: () => this.#board.members,
    });
  }

  /** Begins to share with the other gateways; resolves when they are known. */
  async start(): Promise<void> {
    this.#session.start();
    await this.#board.start();
  }

  /** Whether a request may be done; undefined: yes. `name`: the command or RPC. `call`: whose, where it came by gRPC. */
  request(tenantId: string, name = '', call?: { readonly metadata: Metadata }): Refused | undefined {
    const waitMs = this.#rates.take(tenantId, ENDS_STAY.has(name));
    if (waitMs === 0 || (call !== undefined && isProcess(call))) return undefined;
    this.deps.refused('requests_per_second');
    const limit = this.#limit('requests_per_second', tenantId);
    const message =
      `The tenant may send ${limit} requests a second and has sent more: send this one again after ${waitMs} ms, ` +
      'or ask the operator for more.';
    const metadata = { quota: 'requests_per_second', limit: String(limit), retry_after_ms: String(waitMs) };
    return new Refused(Reason.RATE_EXCEEDED, message, metadata);
  }

  /** Whether one more watch may be opened; undefined: yes. */
  watch(tenantId: string): Refused | undefined {
    const limit = this.#limit('watches', tenantId);
    if (limit === Infinity) return undefined;
    const shared = this.#board.of('watches');
    const { members } = this.#board;
    const allowed = allowedCount(limit, shared.told(tenantId), shared.elsewhere(tenantId), members);
    if (this.deps.watches(tenantId) < allowed) return undefined;
    this.deps.refused('watches');
    const message = `The tenant may have ${limit} watches open: end one, or ask the operator for more.`;
    return new Refused(Reason.QUOTA_EXCEEDED, message, { quota: 'watches', limit: String(limit) });
  }

  async close(): Promise<void> {
    this.#board.close();
    await this.#session.close();
  }

  *#watches(): IterableIterator<readonly [string, number]> {
    const shared = this.#board.of('watches');
    for (const tenantId of this.deps.watchers()) {
      const limit = this.#limit('watches', tenantId);
      if (limit === Infinity) continue;
      const count = this.deps.watches(tenantId);
      yield [tenantId, toldCount(limit, count, shared.elsewhere(tenantId), this.#board.members)];
    }
  }

  #limit(quota: Quota, tenantId: string): number {
    const { settings } = this.deps;
    return quotaOf(quota, settings.tenant(tenantId), settings.system);
  }
}
