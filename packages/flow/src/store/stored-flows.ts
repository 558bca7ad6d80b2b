import { decodeToken, keys } from '@parkade/ids';
import {
  type Checked,
  decodeJson,
  guardedDelete,
  guardedPut,
  invalid,
  type Issue,
  nameIssues,
  type WriteOptions,
  type WriteResult,
} from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import type { Flow } from '../tree/flow-tree.js';
import { parseFlow } from '../tree/parse-flow.js';

/** A stored flow is at most this long, in bytes of JSON. */
export const MAX_STORED_FLOW_BYTES = 256 * 1024;

/** A tenant has so many stored flows at most; several that are made at the same moment may pass it by as many. */
export const MAX_FLOWS = 1_000;

/** Ring groups of one flow that are compared when it is written. */
const MAX_COMPARED = 64;
const MAX_ATTEMPTS = 3;
/** Flows that are read at a time. */
const PAGE = 16;

/** A flow as it is stored. */
export interface StoredFlow {
  readonly flow: Flow;
  /** As it was written. */
  readonly json: unknown;
  /** The revision it was written at. */
  readonly revision: number;
}

/**
 * Writes a flow of a tenant, checked as a whole; what is stored is what was written. The tenant and the ring groups it names
 * exist already. Calls that wait in a slot keep the branch they were parked with.
 */
export async function putFlow(
  store: Store,
  tenantId: string,
  flowId: string,
  json: unknown,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const names = nameIssues({ tenant_id: tenantId, flow_id: flowId });
  if (names.length > 0) return invalid(names);
  const checked = readStorable(json);
  if (!checked.ok) return invalid(checked.issues);
  const needs = [...new Set(checked.value.ringGroups.map(({ ringGroupId }) => keys.ringGroup(tenantId, ringGroupId)))];
  for (let attempt = 0; ; attempt++) {
    const missing = await missingFrom(store, tenantId, checked.value);
    if (missing.length > 0) return invalid(missing);
    // As many as fit beside the rest are compared: nobody deletes one of them in between.
    const put = await guardedPut(store, keys.flow(tenantId, flowId), json, options, needs.slice(0, MAX_COMPARED));
    const itself = put.ok || put.reason !== 'conflict' || options.expectedRevision !== undefined;
    if (itself || attempt === MAX_ATTEMPTS) return put;
  }
}

/** The flow of a tenant that names a ring group; undefined: none does. Reads all of them, page by page. */
export async function flowNaming(store: Store, tenantId: string, ringGroupId: string): Promise<string | undefined> {
  const prefix = keys.flows(tenantId);
  const all = prefixRange(prefix);
  for (let start = all.start; ;) {
    const { kvs, more } = await store.range({ ...all, start }, { limit: PAGE });
    for (const { key, value, modRevision } of kvs) {
      const stored = decodeFlow(value, modRevision);
      const names = stored.ok && stored.value.flow.ringGroups.some((named) => named.ringGroupId === ringGroupId);
      if (names) return decodeToken(key.slice(prefix.length)) ?? key;
    }
    const last = kvs.at(-1);
    if (!more || last === undefined) return undefined;
    start = `${last.key}\0`;
  }
}

/** How many flows a tenant has, up to `MAX_FLOWS`. */
export async function countFlows(store: Store, tenantId: string): Promise<number> {
  const { kvs } = await store.range(prefixRange(keys.flows(tenantId)), { limit: MAX_FLOWS, keysOnly: true });
  return kvs.length;
}

/** A flow that may be stored; the ring groups it names are not looked up. */
export function readStorable(json: unknown): Checked<Flow> {
  const checked = parseFlow(json);
  if (!checked.ok || Buffer.byteLength(JSON.stringify(json)) <= MAX_STORED_FLOW_BYTES) return checked;
  return { ok: false, issues: [{ path: '', message: `is longer than ${MAX_STORED_FLOW_BYTES} bytes` }] };
}

/** Reads a flow from the store; undefined when there is none. A stored value that is none is reported, as it may be an older one. */
export async function getFlow(
  store: Store,
  tenantId: string,
  flowId: string,
): Promise<Checked<StoredFlow | undefined>> {
  const kv = await store.get(keys.flow(tenantId, flowId));
  if (kv === undefined) return { ok: true, value: undefined };
  return decodeFlow(kv.value, kv.modRevision);
}

/** A flow in a list. */
export interface ListedFlow {
  readonly flowId: string;
  readonly revision: number;
}

/** At most `limit` flows of a tenant after the one of id `after` (empty: from the first), ordered by their keys. */
export async function listFlows(
  store: Store,
  tenantId: string,
  limit: number,
  after: string,
): Promise<{ readonly flows: readonly ListedFlow[]; readonly more: boolean }> {
  const prefix = keys.flows(tenantId);
  const all = prefixRange(prefix);
  // The next key there can be after one is that key and a zero byte.
  const range = after === '' ? all : { ...all, start: `${keys.flow(tenantId, after)}\0` };
  const { kvs, more } = await store.range(range, { limit, keysOnly: true });
  const flows = kvs.flatMap(({ key, modRevision }) => {
    const flowId = decodeToken(key.slice(prefix.length));
    return flowId === undefined ? [] : [{ flowId, revision: modRevision }];
  });
  return { flows, more };
}

/** Deletes a flow. Nothing there is not an error. */
export function deleteFlow(
  store: Store,
  tenantId: string,
  flowId: string,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const key = keys.flow(tenantId, flowId);
  return guardedDelete(store, key, { start: key }, options);
}

/** A stored value as a flow. */
export function decodeFlow(value: Uint8Array, revision: number): Checked<StoredFlow> {
  const json = decodeJson(value);
  if (!json.ok) return json;
  const flow = parseFlow(json.value);
  return flow.ok ? { ok: true, value: { flow: flow.value, json: json.value, revision } } : flow;
}

async function missingFrom(store: Store, tenantId: string, flow: Flow): Promise<readonly Issue[]> {
  const tenant = await store.range(prefixRange(keys.tenant(tenantId)), { limit: 1, keysOnly: true });
  if (tenant.kvs.length === 0) return [{ path: 'tenant_id', message: `there is no tenant ${tenantId}` }];
  const issues: Issue[] = [];
  for (const { ringGroupId, path } of flow.ringGroups) {
    if ((await store.get(keys.ringGroup(tenantId, ringGroupId))) !== undefined) continue;
    issues.push({ path, message: `the tenant has no ring group ${ringGroupId}` });
  }
  return issues;
}
