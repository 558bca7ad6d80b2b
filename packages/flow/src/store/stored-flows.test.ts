import { SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { deleteTenant, putRingGroup, putTenant } from '@parkade/settings';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowCache } from './flow-cache.js';
import { deleteFlow, getFlow, putFlow } from './stored-flows.js';

const clock = new SystemClock();
let store: Store;

beforeEach(async () => {
  store = await openEmbeddedStore({ clock });
  await putTenant(store, 'acme', {});
});
afterEach(() => store.close());

const flow = (slot: string) => ({ flow: { module: 'park', data: { slot } } });

/** The slot of a stored flow, or why there is none. */
async function slotOf(get: ReturnType<typeof getFlow>): Promise<string | undefined> {
  const found = await get;
  if (!found.ok) return found.issues.map(({ path, message }) => `${path}: ${message}`).join();
  const root = found.value?.flow.root;
  return root?.module === 'park' ? root.data.slot : undefined;
}

describe('a stored flow', () => {
  it('is what was written, at the revision it was written at', async () => {
    const put = await putFlow(store, 'acme', 'f1', flow('701'));
    expect(put.ok).toBe(true);
    expect(await getFlow(store, 'acme', 'f1')).toMatchObject({
      ok: true,
      value: { json: flow('701'), revision: put.ok ? put.revision : 0 },
    });
    expect(await deleteFlow(store, 'acme', 'f1')).toMatchObject({ ok: true });
    expect(await getFlow(store, 'acme', 'f1')).toEqual({ ok: true, value: undefined });
  });

  it('is written only where nobody else has written it meanwhile', async () => {
    expect(await putFlow(store, 'acme', 'f1', flow('701'), { expectedRevision: 0 })).toMatchObject({ ok: true });
    const conflict = await putFlow(store, 'acme', 'f1', flow('702'), { expectedRevision: 0 });
    expect(conflict).toMatchObject({ ok: false, reason: 'conflict' });
    expect(await deleteFlow(store, 'acme', 'f1', { expectedRevision: 1 })).toMatchObject({ reason: 'conflict' });
    expect(await slotOf(getFlow(store, 'acme', 'f1'))).toBe('701');
  });

  it('is checked on the way in: names, shape, tenant, ring groups', async () => {
    const issues = async (tenantId: string, flowId: string, json: unknown) => {
      const put = await putFlow(store, tenantId, flowId, json);
      return !put.ok && put.reason === 'invalid' ? put.issues.map(({ path }) => path) : put;
    };
    const ringing = { children: { _: { module: 'ring_group', data: { id: 'sales' } } } };
    expect(await issues('a b', 'c d', {})).toEqual(['tenant_id', 'flow_id']);
    expect(await issues('acme', 'f1', { data: { action: 'x' } })).toEqual(['data.action']);
    expect(await issues('nobody', 'f1', {})).toEqual(['tenant_id']);
    expect(await issues('acme', 'f1', ringing)).toEqual(['children._.data.id']);
    await putRingGroup(store, 'acme', 'sales', { members: [{ extension: '200' }] });
    expect(await putFlow(store, 'acme', 'f1', ringing)).toMatchObject({ ok: true });
    expect(await issues('acme', 'f1', { note: 'x'.repeat(300_000) })).toEqual(['']);
  });

  it('that somebody wrote by hand and wrong is reported', async () => {
    const value = Buffer.from('{"data":{"action":"x"}}');
    await store.txn({ compare: [], success: [{ kind: 'put', key: keys.flow('acme', 'f1'), value }] });
    expect(await slotOf(getFlow(store, 'acme', 'f1'))).toMatch(/^data.action: must be one of/);
  });

  it('goes with its tenant', async () => {
    await putFlow(store, 'acme', 'f1', flow('701'));
    await deleteTenant(store, 'acme');
    expect(await getFlow(store, 'acme', 'f1')).toEqual({ ok: true, value: undefined });
  });
});

/** The store with another way to read one key. */
function reading(get: Store['get']): Store {
  return {
    get,
    range: (range, options) => store.range(range, options),
    txn: (txn, options) => store.txn(txn, options),
    grantLease: (ttlMs, options) => store.grantLease(ttlMs, options),
    keepAlive: (leaseId, options) => store.keepAlive(leaseId, options),
    revokeLease: (leaseId, options) => store.revokeLease(leaseId, options),
    watch: (range, fromRevision, handlers) => store.watch(range, fromRevision, handlers),
    compact: (revision, options) => store.compact(revision, options),
    close: () => store.close(),
  };
}

describe('the cache of stored flows', () => {
  let reads = 0;
  let cache: FlowCache;

  async function start(maxFlows: number, get: Store['get']): Promise<void> {
    reads = 0;
    const counted: Store['get'] = (key) => {
      reads++;
      return get(key);
    };
    cache = new FlowCache({ maxFlows }, { store: reading(counted), clock });
    await cache.start();
  }

  const slot = (): Promise<string | undefined> => slotOf(cache.get('acme', 'f1'));
  afterEach(() => cache.close());

  it('reads a flow once, and again after it changed (W1)', async () => {
    await start(10, (key) => store.get(key));
    expect([await slot(), await slot()]).toEqual([undefined, undefined]);
    expect(reads).toBe(1);
    await putFlow(store, 'acme', 'f1', flow('701'));
    await expect.poll(slot).toBe('701');
    await putFlow(store, 'acme', 'f1', flow('702'));
    await expect.poll(slot).toBe('702');
    await deleteFlow(store, 'acme', 'f1');
    await expect.poll(slot).toBeUndefined();
  });

  it('keeps nothing of a read that a change has overtaken (W2)', async () => {
    await putFlow(store, 'acme', 'f1', flow('701'));
    const answers: (() => void)[] = [];
    await start(10, async (key) => {
      const read = await store.get(key);
      if (answers.length === 0) await new Promise<void>((resolve) => answers.push(resolve));
      return read;
    });
    const overtaken = slot();
    await expect.poll(() => answers.length).toBe(1);
    await putFlow(store, 'acme', 'f1', flow('702'));
    // The change has been told once a look-up reads for itself instead of joining the one under way.
    await expect.poll(() => Promise.race([slot(), Promise.resolve('joined')]).then(() => reads)).toBeGreaterThan(1);
    answers[0]?.();
    expect(await overtaken).toBe('701');
    expect(await slot()).toBe('702');
  });

  it('keeps those used last (W3)', async () => {
    await start(2, (key) => store.get(key));
    for (const id of ['a', 'b', 'a', 'c', 'a']) await cache.get('acme', id);
    expect(reads).toBe(3);
    await cache.get('acme', 'b');
    expect(reads).toBe(4);
  });

  it('reads the store for each look-up where changes are not followed any more', async () => {
    await start(10, (key) => store.get(key));
    cache.close();
    await slot();
    await slot();
    expect(reads).toBe(2);
  });
});
