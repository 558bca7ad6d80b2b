import type { Admin } from '@parkade/admin';
import type { StoredFlow } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Documents } from './settings-documents.js';

/** `/flows`: stored call flows, the JSON objects that carriers write. */
export function flowDocuments(admin: Pick<Admin, 'flows' | 'listFlows'>): Documents {
  const { flows } = admin;
  return {
    path: '/flows',
    tag: 'Flows',
    noun: 'a call flow',
    name: 'Flow',
    fields: '`id`',
    list: (tenantId, query) => admin.listFlows(tenantId, query),
    show: async (tenantId, flowId) => written(await flows.get({ tenantId, flowId })),
    put: async (tenantId, flowId, input, { expectedRevision }) =>
      written(await flows.put({ requestId: '', tenantId, flowId, json: JSON.stringify(input), expectedRevision })),
    destroy: async (tenantId, flowId, { expectedRevision }) => {
      // Whoever deletes by REST hears of a flow that is not there.
      const found = await flows.get({ tenantId, flowId });
      if (found instanceof Refused) return found;
      const deleted = await flows.delete({ requestId: '', tenantId, flowId, expectedRevision });
      return deleted instanceof Refused ? deleted : { value: undefined, revision: 0 };
    },
  };
}

function written(answer: { readonly flow: StoredFlow | undefined } | Refused) {
  if (answer instanceof Refused) return answer;
  const { json = '{}', revision = 0 } = answer.flow ?? {};
  return { value: JSON.parse(json) as object, revision };
}
