import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { HttpDeps } from '../http/plugins.js';
import { callParkGroupRoutes } from './call-park-groups.js';
import { callParkMemberRoutes } from './call-park-members.js';
import { callParkRoutes } from './call-park.js';
import { flowDocuments } from './flows.js';
import { ownSettingsRoutes } from './own-settings.js';
import { documentRoutes } from './settings-documents.js';
import { parkChangeRoutes } from './park-changes.js';
import { parkRoutes } from './parks.js';
import { recordRoutes } from './park-history.js';
import { promptFileRoutes } from './prompt-files.js';
import { slotRoutes } from './slots.js';
import { tenantQuotaRoutes } from './tenant-quotas.js';
import { userRoutes } from './users.js';
import { webhookRoutes } from './webhooks.js';

/** Where routes are added whose schemas say their types. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Every route of the REST API. */
export function restApi(app: FastifyInstance, deps: HttpDeps): void {
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  // No body is an empty one: an update that names nothing, a create without a name.
  api.addHook('preValidation', (request, _reply, done) => {
    if (request.routeOptions.schema?.body !== undefined && request.body === undefined) request.body = {};
    done();
  });
  callParkRoutes(api, deps);
  callParkGroupRoutes(api, deps);
  callParkMemberRoutes(api, deps);
  userRoutes(api, deps);
  slotRoutes(api, deps);
  parkRoutes(api, deps);
  parkChangeRoutes(api, deps);
  recordRoutes(api, deps);
  webhookRoutes(api, deps);
  const { admin } = deps;
  documentRoutes(api, deps, {
    path: '/ring_groups',
    tag: 'Ring Groups',
    noun: 'a ring group',
    name: 'RingGroup',
    fields: '`id`, `strategy`',
    list: (tenantId, query) => admin.listRingGroups(tenantId, query),
    show: (tenantId, id) => admin.ringGroups.show(tenantId, id),
    put: (tenantId, id, input, options) => admin.ringGroups.put(tenantId, id, input, options),
    destroy: (tenantId, id, options) => admin.ringGroups.destroy(tenantId, id, options),
  });
  promptFileRoutes(api, deps);
  documentRoutes(api, deps, flowDocuments(admin));
  ownSettingsRoutes(api, deps);
  documentRoutes(api, deps, {
    path: '/tenants',
    tag: 'Tenants',
    noun: 'a tenant',
    name: 'Tenant',
    fields: '`id`, `enabled`',
    rights: { action: 'operator' },
    list: (_, query) => admin.listTenants(query),
    show: (_, id) => admin.tenants.show(id),
    put: (_, id, input, options) => admin.tenants.put(id, input, options),
    destroy: (_, id, options) => admin.tenants.destroy(id, options),
  });
  tenantQuotaRoutes(api, deps);
  documentRoutes(api, deps, {
    path: '/lots',
    tag: 'Lots',
    noun: 'a lot',
    name: 'Lot',
    fields: '`id`, `enabled`, `hidden`',
    list: (tenantId, query) => admin.listLots(tenantId, query),
    show: (tenantId, id) => admin.lots.show(tenantId, id),
    put: (tenantId, id, input, options) => admin.lots.put(tenantId, id, input, options),
    destroy: (tenantId, id, options) => admin.lots.destroy(tenantId, id, options),
  });
}
