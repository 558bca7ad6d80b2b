import type { Clock, Random } from '@parkade/clock';
import { decodeToken, keys, newRequestId } from '@parkade/ids';
import { MAX_OUTBOX, outboxPut } from '@parkade/records';
import { type Compare, type Op, prefixRange, type Store, StoreError, type Txn, type TxnResult } from '@parkade/store';
import type { ChangeBy } from './actor-scope.js';

/** What of a tenant is settings, users, webhooks or prompt files; its guard and names are written along, and name nothing by themselves. */
const TENANT_KEY = /^\/parkade\/(tenants|users|webhooks|prompt-files)\/([^/]+)\/(?!guard$)(.*)$/;
const MAX_THINGS = 32;

interface Thing {
  readonly tenant: string;
  /** `lots/sales`, `users/101`, `webhooks/crm`; a tenant as a whole: `tenant`. */
  readonly name: string;
  readonly key: string;
}

export interface AuditedStoreDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Who asks for what is written now; undefined: nobody, and nothing is recorded. */
  readonly by: () => ChangeBy | undefined;
}

/**
 * The store, as those write it who change what belongs to a tenant for somebody else.
 *
 *   U1. The record of a change is put in the very transaction of the change: there is none without the other.
 *   U2. The revision before is exact: the transaction compares it. Where it changed meanwhile the transaction fails as a compare of
 *       the caller's would. What is changed of several tenants at once is a record of each.
 *   U3. A record holds which things were changed and never what is in them, so no secrets.
 *   U4. Records that wait to be moved are bounded for each tenant: past that a change is refused, and nothing is done.
 */
export function auditedStore(deps: AuditedStoreDeps): Store {
  const { store } = deps;
  const txn: Store['txn'] = async (wanted, options) => {
    const by = deps.by();
    const tenants = by === undefined ? [] : byTenant(thingsOf(wanted.success));
    if (by === undefined || tenants.length === 0) return store.txn(wanted, options);
    let audited = wanted;
    for (const [tenant, all] of tenants) {
      const things = all.slice(0, MAX_THINGS);
      const [revisions, waiting] = await before(store, things, tenant);
      if (waiting >= MAX_OUTBOX) {
        throw new StoreError('unavailable', `${waiting} audit records of ${tenant} wait to be moved: is the bus away?`);
      }
      audited = withRecord(audited, things, tenant, revisions, by, deps);
    }
    return store.txn(audited, options).then(withoutRecord(wanted));
  };
  // What the others do they do with the store itself.
  return new Proxy(store, {
    get: (target, name): unknown => {
      if (name === 'txn') return txn;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

/** What a transaction changes of tenants. */
function thingsOf(ops: readonly Op[]): readonly Thing[] {
  return ops.flatMap((op): readonly Thing[] => {
    if (op.kind === 'get') return [];
    const key = op.kind === 'put' ? op.key : op.range.start;
    const [, kind, token, rest = ''] = TENANT_KEY.exec(key) ?? [];
    const tenant = token === undefined ? undefined : decodeToken(token);
    if (kind === undefined || tenant === undefined) return [];
    const path = rest.split('/').map((part) => decodeToken(part) ?? part);
    const name = rest === '' ? 'tenant' : kind === 'tenants' ? path.join('/') : `${kind}/${path.join('/')}`;
    return [{ tenant, name, key }];
  });
}

function byTenant(things: readonly Thing[]): readonly (readonly [tenant: string, things: readonly Thing[]])[] {
  const tenants = new Map<string, Thing[]>();
  for (const thing of things) {
    const one = tenants.get(thing.tenant);
    if (one === undefined) tenants.set(thing.tenant, [thing]);
    else one.push(thing);
  }
  return [...tenants];
}

async function before(
  store: Store,
  things: readonly Thing[],
  tenant: string,
): Promise<readonly [revisions: readonly number[], waiting: number]> {
  const gets = things.map(({ key }): Op => ({ kind: 'get', range: { start: key }, keysOnly: true }));
  const outbox: Op = { kind: 'get', range: prefixRange(keys.tenantAudit(tenant)), keysOnly: true };
  const { results } = await store.txn({ compare: [], success: [outbox, ...gets] });
  return [things.map((_, i) => results[i + 1]?.[0]?.modRevision ?? 0), results[0]?.length ?? 0];
}

function withRecord(
  wanted: Txn,
  things: readonly Thing[],
  tenant: string,
  revisions: readonly number[],
  { principal, peer, operation, requestId }: ChangeBy,
  { clock, random }: AuditedStoreDeps,
): Txn {
  const nowMs = clock.nowMs();
  const put = outboxPut({
    ...{ id: newRequestId(nowMs, random), tenant, at_ms: nowMs, principal, peer, operation, kind: '' },
    things: things.map(({ name }) => name),
    revision_before: revisions[0] ?? 0,
    request_id: requestId,
  });
  const compare = things.map(({ key }, i): Compare => ({ kind: 'mod', key, revision: revisions[i] ?? 0 }));
  return { ...wanted, compare: [...wanted.compare, ...compare], success: [...wanted.success, put] };
}

/** The result without that of the record. */
function withoutRecord({ success }: Txn): (result: TxnResult) => TxnResult {
  return (result) => (result.succeeded ? { ...result, results: result.results.slice(0, success.length) } : result);
}
