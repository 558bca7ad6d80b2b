import { isName, requestIdTimeMs } from '@parkade/ids';
import {
  type DeleteFlowRequest,
  type DeleteFlowResponse,
  type GetFlowRequest,
  type GetFlowResponse,
  type ListFlowsRequest,
  type ListFlowsResponse,
  type PutFlowRequest,
  type PutFlowResponse,
  Reason,
  type StoredFlow,
} from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { WriteOptions, WriteResult } from '@parkade/settings';
import { type Store, StoreError } from '@parkade/store';
import { fieldFault, readFlowText, unusable } from '../tree/flow-text.js';
import {
  countFlows,
  deleteFlow,
  getFlow,
  listFlows,
  MAX_FLOWS,
  putFlow,
  type StoredFlow as Stored,
} from './stored-flows.js';

const NAME = 'must be 1 to 64 printable ASCII characters without blanks';
const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** The flows of tenants in the store, as their RPCs want them. */
export class FlowRecords {
  constructor(private readonly store: Store) {}

  put(request: PutFlowRequest): Promise<PutFlowResponse | Refused> {
    return this.#named(request, async ({ tenantId, flowId, json, expectedRevision }) => {
      const value = readFlowText(json, 'json');
      if (value instanceof Refused) return value;
      // A retry finds what it has written, and so does whoever writes what is there already.
      const before = await getFlow(this.store, tenantId, flowId);
      const same = before.ok && before.value !== undefined && sameText(before.value.json, value.json);
      const isNew = before.ok && before.value === undefined;
      if (isNew && (await countFlows(this.store, tenantId)) >= MAX_FLOWS) return tooMany();
      if (!same) {
        const written = await putFlow(this.store, tenantId, flowId, value.json, options(expectedRevision));
        if (!written.ok) return refused(written, tenantId);
      }
      const stored = await getFlow(this.store, tenantId, flowId);
      if (!stored.ok) return unusable(stored.issues, 'flow_id');
      return stored.value === undefined
        ? notFound(tenantId, flowId)
        : { flow: storedFlow(tenantId, flowId, stored.value) };
    });
  }

  get(request: GetFlowRequest): Promise<GetFlowResponse | Refused> {
    return this.#named({ requestId: '', ...request }, async ({ tenantId, flowId }) => {
      const stored = await getFlow(this.store, tenantId, flowId);
      if (!stored.ok) return unusable(stored.issues, 'flow_id');
      return stored.value === undefined
        ? notFound(tenantId, flowId)
        : { flow: storedFlow(tenantId, flowId, stored.value) };
    });
  }

  list({ tenantId, pageSize, pageToken }: ListFlowsRequest): Promise<ListFlowsResponse | Refused> {
    return reading(async () => {
      if (!isName(tenantId)) return fieldFault('tenant_id', NAME);
      if (pageSize > MAX_PAGE) return fieldFault('page_size', `must be at most ${MAX_PAGE}`);
      const after = Buffer.from(pageToken, 'base64url').toString('utf8');
      if (pageToken !== '' && !isName(after)) {
        return new Refused(Reason.TOKEN_INVALID, 'The page token is none of this service: begin the list again.');
      }
      const { flows, more } = await listFlows(this.store, tenantId, pageSize || DEFAULT_PAGE, after);
      const last = flows.at(-1);
      return {
        flows: flows.map(({ flowId, revision }) => ({ tenantId, flowId, json: '', revision, ignored: [] })),
        nextPageToken: more && last !== undefined ? Buffer.from(last.flowId, 'utf8').toString('base64url') : '',
      };
    });
  }

  delete(request: DeleteFlowRequest): Promise<DeleteFlowResponse | Refused> {
    return this.#named(request, async ({ tenantId, flowId, expectedRevision }) => {
      const deleted = await deleteFlow(this.store, tenantId, flowId, options(expectedRevision));
      // What is not there any more is deleted: also by this very request, if it is a retry.
      if (deleted.ok || (deleted.reason === 'conflict' && deleted.revision === 0)) return {};
      return refused(deleted, tenantId);
    });
  }

  #named<Request extends { readonly requestId: string; readonly tenantId: string; readonly flowId: string }, Response>(
    request: Request,
    work: (request: Request) => Promise<Response | Refused>,
  ): Promise<Response | Refused> {
    const { requestId, tenantId, flowId } = request;
    if (requestId !== '' && requestIdTimeMs(requestId) === undefined) {
      const message = 'The field request_id must be a UUIDv7 in lower case, or be left out.';
      return Promise.resolve(new Refused(Reason.REQUEST_ID_INVALID, message, { field: 'request_id' }));
    }
    if (!isName(tenantId)) return Promise.resolve(fieldFault('tenant_id', NAME));
    if (!isName(flowId)) return Promise.resolve(fieldFault('flow_id', NAME));
    return reading(() => work(request));
  }
}

/** The store's own failures are refusals: the same may be asked again. */
async function reading<T>(work: () => Promise<T | Refused>): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return new Refused(Reason.STORE_UNAVAILABLE, 'The store does not answer; retry.');
  }
}

function options(expectedRevision: number | undefined): WriteOptions {
  return expectedRevision === undefined ? {} : { expectedRevision };
}

function refused(result: Exclude<WriteResult, { ok: true }>, tenantId: string): Refused {
  if (result.reason === 'invalid') {
    const tenant = result.issues.find(({ path }) => path === 'tenant_id');
    if (tenant === undefined) return unusable(result.issues, 'json');
    return new Refused(Reason.TENANT_NOT_FOUND, `There is no tenant ${tenantId}: make it first.`, {
      tenant_id: tenantId,
    });
  }
  const message = `The flow is not at the expected revision but at ${result.revision}: read it again.`;
  return new Refused(Reason.REVISION_CONFLICT, message, { revision: String(result.revision) });
}

function tooMany(): Refused {
  const message = `The tenant has ${MAX_FLOWS} call flows already, and may not have more: delete one it does not use.`;
  return new Refused(Reason.TOO_MANY, message, { limit: String(MAX_FLOWS) });
}

function notFound(tenantId: string, flowId: string): Refused {
  const message = `The tenant ${tenantId} has no call flow ${flowId}: store it first, or name another one.`;
  return new Refused(Reason.FLOW_NOT_FOUND, message, { tenant_id: tenantId, flow_id: flowId });
}

function storedFlow(tenantId: string, flowId: string, { json, revision, flow }: Stored): StoredFlow {
  return { tenantId, flowId, json: JSON.stringify(json), revision, ignored: [...flow.ignored] };
}

function sameText(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
