import { type Admin, invalidField } from '@parkade/admin';
import {
  type DeleteWebhookRequest,
  type GetWebhookRequest,
  type ListAuditRecordsRequest,
  type ListDeadLettersRequest,
  type ListWebhooksRequest,
  type PutWebhookRequest,
  RecordsServiceService,
  type RecordsServiceServer,
  type ReplayDeadLettersRequest,
  type Webhook,
} from '@parkade/proto/admin';
import type { EndpointView } from '@parkade/records';
import { type MountedService, Refused } from '@parkade/rpc';
import { adminRpc, type AdminRpcDeps } from '../admin/rpc/handling.js';
import type { RecordReads } from './record-reads.js';
import { ms, wireAudit, wireLetter } from './wire.js';

export interface RecordsServiceDeps extends AdminRpcDeps {
  readonly admin: Admin;
  readonly records: RecordReads;
}

/** `parkade.admin.v1.RecordsService`, ready to be mounted on a server. */
export function recordsService({ records, ...deps }: RecordsServiceDeps): MountedService {
  const rpc = adminRpc(deps);
  const { webhooks } = deps.admin;
  const implementation = {
    listAuditRecords: rpc(async ({ tenantId, principal, from, to, pageSize, pageToken }: ListAuditRecordsRequest) => {
      const query = { tenantId, principal, fromMs: ms(from), toMs: ms(to), pageSize, pageToken };
      const page = await records.audit(query);
      if (page instanceof Refused) return page;
      return { records: page.items.map(wireAudit), nextPageToken: page.nextPageToken };
    }),
    putWebhook: rpc(async ({ tenantId, webhook, secret, rotateSecret, expectedRevision }: PutWebhookRequest) => {
      if (webhook === undefined) return invalidField('webhook', 'is required');
      const { id, url, kinds, enabled } = webhook;
      const input = { url, kinds, enabled, secret: secret === '' ? undefined : secret, rotate_secret: rotateSecret };
      const put = await webhooks.put(tenantId, id, input, { expectedRevision });
      if (put instanceof Refused) return put;
      return { webhook: wireWebhook(put.value), revision: put.revision, secret: put.value.secret ?? '' };
    }),
    getWebhook: rpc(async ({ tenantId, id }: GetWebhookRequest) => {
      const found = await webhooks.show(tenantId, id);
      if (found instanceof Refused) return found;
      return { webhook: wireWebhook(found.value), revision: found.revision };
    }),
    listWebhooks: rpc(async ({ tenantId }: ListWebhooksRequest) => {
      const all = await webhooks.list(tenantId);
      return all instanceof Refused ? all : { webhooks: all.map(wireWebhook) };
    }),
    deleteWebhook: rpc(async ({ tenantId, id, expectedRevision }: DeleteWebhookRequest) => {
      const deleted = await webhooks.destroy(tenantId, id, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listDeadLetters: rpc(async ({ tenantId, webhookId, pageSize, pageToken }: ListDeadLettersRequest) => {
      const name = await webhooks.nameOf(tenantId, webhookId);
      if (name instanceof Refused) return name;
      const page = await records.deadLetters(name, { pageSize, pageToken });
      if (page instanceof Refused) return page;
      return { deadLetters: page.items.map(wireLetter), nextPageToken: page.nextPageToken };
    }),
    replayDeadLetters: rpc(async ({ tenantId, webhookId, numbers }: ReplayDeadLettersRequest) => {
      const name = await webhooks.nameOf(tenantId, webhookId);
      if (name instanceof Refused) return name;
      const replayed = await records.replay(name, numbers);
      return replayed instanceof Refused ? replayed : { replayed };
    }),
  } satisfies RecordsServiceServer;
  return { definition: RecordsServiceService, implementation };
}

function wireWebhook({ id, url, kinds, enabled }: EndpointView): Webhook {
  return { id, url, kinds: [...kinds], enabled };
}
