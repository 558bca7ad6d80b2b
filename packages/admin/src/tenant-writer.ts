import { keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { decodeJson, type SettingsCache, type TenantView } from '@parkade/settings';
import type { Op, Store } from '@parkade/store';
import type { AdminLimits } from './limits.js';
import { storeUnavailable, tenantNotFound } from './refusals.js';
import { storing } from './storing.js';
import { Turns } from './turns.js';

/** What a key of the tenant holds. */
export interface Stored {
  readonly json: unknown;
  readonly revision: number;
}

/** A tenant as it was at one moment. */
export interface Snapshot {
  /** All settings of the tenant. */
  readonly tenant: TenantView;
  /** What a key that was asked for holds; undefined: nothing. */
  readonly at: (key: string) => Stored | undefined;
}

/** What is to be written; without `ops`: nothing, and `value` is the answer all the same. */
export interface Change<Value> {
  readonly ops: readonly Op[];
  readonly value: Value;
}

/** What was written, or found to need no writing. */
export interface Written<Value> {
  readonly value: Value;
  /** The revision of all that was written; 0 where nothing was. */
  readonly revision: number;
}

export interface TenantWriterDeps {
  readonly store: Store;
  readonly settings: Pick<SettingsCache, 'tenant' | 'waitFor'>;
  readonly limits: AdminLimits;
}

/**
 * Writes what depends on all of a tenant.
 *
 *   W1. A decision is written only where nothing of the tenant has changed since what it was decided by: every writer of a
 *       tenant writes its guard too, and this one compares it. So a rule between any two things of a tenant holds in the store,
 *       whoever writes at the same time.
 *   W2. A refusal is as true as a decision: it is judged by the store's state of a moment after the request came.
 *   W3. What was written is in force in this process when the answer goes out.
 *   W4. Writes of one tenant stand in line here, so that only other processes can get in between.
 */
export class TenantWriter {
  readonly #turns: Turns;

  constructor(private readonly deps: TenantWriterDeps) {
    this.#turns = new Turns(deps.limits.maxWaiting);
  }

  /** `read`: keys, at most 127, that `decide` asks for. Never rejects but on a defect. */
  async write<Value>(
    tenantId: string,
    read: readonly string[],
    decide: (snapshot: Snapshot) => Change<Value> | Refused,
  ): Promise<Written<Value> | Refused> {
    return storing(() => this.#turns.run(tenantId, () => this.#write(tenantId, read, decide)));
  }

  /** One key, as the store has it now. */
  async read(key: string): Promise<Stored | undefined | Refused> {
    return storing(async () => decoded(await this.deps.store.get(key)));
  }

  async #write<Value>(
    tenantId: string,
    read: readonly string[],
    decide: (snapshot: Snapshot) => Change<Value> | Refused,
  ): Promise<Written<Value> | Refused> {
    const { store, settings, limits } = this.deps;
    const guard = keys.tenantGuard(tenantId);
    const gets = [guard, ...read].map((key): Op => ({ kind: 'get', range: { start: key } }));
    for (let attempt = 0; attempt < limits.maxAttempts; attempt++) {
      const { results } = await store.txn({ compare: [], success: gets });
      const at = new Map(read.map((key, i) => [key, decoded(results[i + 1]?.[0])]));
      const revision = results[0]?.[0]?.modRevision ?? 0;
      if (!(await settings.waitFor(revision, limits.settleMs))) return storeUnavailable(false);
      const tenant = settings.tenant(tenantId);
      if (tenant === undefined) return tenantNotFound(tenantId);
      const change = decide({ tenant, at: (key) => at.get(key) });
      if (change instanceof Refused) return change;
      if (change.ops.length === 0) return { value: change.value, revision: 0 };
      const result = await store.txn({
        compare: [{ kind: 'mod', key: guard, revision }],
        success: [{ kind: 'put', key: guard, value: NOTHING }, ...change.ops],
      });
      if (!result.succeeded) continue;
      await settings.waitFor(result.revision, limits.settleMs);
      return { value: change.value, revision: result.revision };
    }
    return new Refused(Reason.OVERLOADED, 'Others change this tenant all the while; retry after a pause.');
  }
}

const NOTHING = new Uint8Array();

function decoded(kv: { readonly value: Uint8Array; readonly modRevision: number } | undefined): Stored | undefined {
  if (kv === undefined) return undefined;
  const json = decodeJson(kv.value);
  // What cannot be read is as good as an empty object: the next write mends it.
  return { json: json.ok ? json.value : {}, revision: kv.modRevision };
}
